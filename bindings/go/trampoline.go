// SPDX-License-Identifier: Apache-2.0

package askels4

/*
#include <askel_s4.h>

// cgo leaves const away unless it is part of a name.
typedef const uint8_t askel_go_bytes;
typedef const char askel_go_text;
typedef const askel_s4_store_change askel_go_change;
*/
import "C"

import (
	"errors"
	"runtime/cgo"
	"unsafe"
)

// What C calls. Each gets the address of the cgo.Handle of what it belongs to.

//export askelGoWrap
func askelGoWrap(userdata unsafe.Pointer, data *C.askel_go_bytes, size C.size_t,
	associated *C.askel_go_bytes, associatedSize C.size_t, sink *C.askel_s4_sink) C.int {
	return runKey(held(userdata).(ServiceKey).Wrap, data, size, associated, associatedSize, sink)
}

//export askelGoUnwrap
func askelGoUnwrap(userdata unsafe.Pointer, data *C.askel_go_bytes, size C.size_t,
	associated *C.askel_go_bytes, associatedSize C.size_t, sink *C.askel_s4_sink) C.int {
	return runKey(held(userdata).(ServiceKey).Unwrap, data, size, associated, associatedSize, sink)
}

func runKey(operation func(data, associatedData []byte) ([]byte, error), data *C.askel_go_bytes, size C.size_t,
	associated *C.askel_go_bytes, associatedSize C.size_t, sink *C.askel_s4_sink) C.int {
	return answer(sink, func() error {
		given := copyBytes(data, size)
		defer wipe(given)
		found, err := operation(given, copyBytes(associated, associatedSize))
		if err != nil {
			return err
		}
		defer wipe(found)
		if len(found) > 0 {
			C.askel_s4_sink_bytes(sink, unsafe.Pointer(&found[0]), C.size_t(len(found)))
		}
		return nil
	})
}

//export askelGoGet
func askelGoGet(userdata unsafe.Pointer, key *C.askel_go_text, sink *C.askel_s4_sink) C.int {
	return answer(sink, func() error {
		record, err := held(userdata).(Store).Get(goText(key))
		if err != nil || record == nil {
			return err
		}
		return give(sink, *record)
	})
}

//export askelGoList
func askelGoList(userdata unsafe.Pointer, prefix, after *C.askel_go_text, limit C.size_t, sink *C.askel_s4_sink) C.int {
	return answer(sink, func() error {
		records, err := held(userdata).(Store).List(goText(prefix), goText(after), int(limit))
		if err != nil {
			return err
		}
		for _, each := range records {
			if err := give(sink, each); err != nil {
				return err
			}
		}
		return nil
	})
}

//export askelGoCommit
func askelGoCommit(userdata unsafe.Pointer, changes *C.askel_go_change, count C.size_t, sink *C.askel_s4_sink) C.int {
	conflict := false
	status := answer(sink, func() error {
		given := make([]StoreChange, 0, int(count))
		for _, each := range unsafe.Slice((*C.askel_s4_store_change)(unsafe.Pointer(changes)), int(count)) {
			given = append(given, StoreChange{
				Action:          StoreAction(each.action),
				Key:             C.GoString(each.key),
				ExpectedVersion: int64(each.expected_version),
				Version:         int64(each.version),
				Value:           C.GoBytes(unsafe.Pointer(each.value), C.int(each.size)),
			})
		}
		err := held(userdata).(Store).Commit(given)
		conflict = errors.Is(err, ErrConflict)
		if conflict {
			return nil
		}
		return err
	})
	if conflict {
		return C.ASKEL_S4_STORE_CONFLICT
	}
	return status
}

//export askelGoFree
func askelGoFree(userdata unsafe.Pointer) {
	release(userdata)
}

//export askelGoProgress
func askelGoProgress(userdata unsafe.Pointer, done, total C.uint64_t) C.int {
	if held(userdata).(*progress).tell(uint64(done), uint64(total)) {
		return 0
	}
	return callbackFailed
}

func held(userdata unsafe.Pointer) any {
	return (*(*cgo.Handle)(userdata)).Value()
}

func copyBytes(data *C.askel_go_bytes, size C.size_t) []byte {
	return C.GoBytes(unsafe.Pointer(data), C.int(size))
}

// goText copies a text; NULL becomes "".
func goText(text *C.askel_go_text) string {
	return C.GoString((*C.char)(unsafe.Pointer(text)))
}
