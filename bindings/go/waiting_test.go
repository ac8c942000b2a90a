// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

// soon is what ending a wait may take on a busy machine.
const soon = 5 * time.Second

func TestContextEndsAPage(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	cursor := read(t, client, askels4.ReadOptions{Top: 3})
	s.slow(t)
	ctx, cancel := context.WithCancel(background)
	time.AfterFunc(200*time.Millisecond, cancel)
	before := time.Now()
	if cursor.Next(ctx) {
		t.Fatal("a row came")
	}
	err := cursor.Err()
	if !errors.Is(err, context.Canceled) || !errors.Is(err, askels4.ErrCancelled) || time.Since(before) > soon {
		t.Errorf("%v after %v", err, time.Since(before))
	}
	s.control(t, http.MethodDelete, "/faults", nil)
	if count := rows(t, cursor); count != 3 {
		t.Errorf("%d rows when the read goes on", count)
	}
}

func TestDeadlines(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	s.slow(t)
	ctx, cancel := context.WithTimeout(background, 200*time.Millisecond)
	defer cancel()
	options := askels4.GetOptions{Service: service, EntitySet: "A_SalesOrder", Key: "?", Params: []any{"8005"}}
	if _, err := client.Get(ctx, options); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if _, err := client.Get(ctx, options); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	options.Timeout = 200 * time.Millisecond
	if _, err := client.Get(background, options); !errors.Is(err, askels4.ErrTimedOut) {
		t.Error(err)
	}
}

func TestWaitingHoldsNoThread(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	s.slow(t)
	const waiting = 100
	ctx, cancel := context.WithCancel(background)
	var group sync.WaitGroup
	for i := 0; i < waiting; i++ {
		cursor := read(t, client, askels4.ReadOptions{Top: 3})
		group.Add(1)
		go func() {
			defer group.Done()
			if cursor.Next(ctx) || !errors.Is(cursor.Err(), context.Canceled) {
				t.Error(cursor.Err())
			}
		}()
	}
	time.Sleep(time.Second)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	if len(threads) > waiting/2 {
		t.Errorf("%d threads for %d goroutines that wait", len(threads), waiting)
	}
	cancel()
	group.Wait()
}

func TestManyGoroutines(t *testing.T) {
	instance, shared := sandbox(t).connect(t)
	var group sync.WaitGroup
	for i := 0; i < 24; i++ {
		client := shared
		if i%2 == 0 {
			own, err := instance.Client(askels4.ClientOptions{Connection: "nordvik"})
			if err != nil {
				t.Fatal(err)
			}
			client = own
		}
		cursor := read(t, client, askels4.ReadOptions{Top: 100, PageSize: 40})
		group.Add(1)
		go func() {
			defer group.Done()
			if count := rows(t, cursor); count != 100 {
				t.Errorf("%d rows", count)
			}
		}()
	}
	group.Wait()
}

func TestUseAfterClose(t *testing.T) {
	instance, client := sandbox(t).connect(t)
	cursor, other := read(t, client, askels4.ReadOptions{}), read(t, client, askels4.ReadOptions{})
	if !cursor.Next(background) {
		t.Fatal(cursor.Err())
	}
	cursor.Close()
	cursor.Close()
	if _, err := cursor.Field("SalesOrder"); !errors.Is(err, askels4.ErrClosed) {
		t.Error(err)
	}
	if cursor.Next(background) || !errors.Is(cursor.Err(), askels4.ErrClosed) {
		t.Error(cursor.Err())
	}
	instance.Close()
	instance.Close()
	if other.Next(background) || !errors.Is(other.Err(), askels4.ErrClosed) {
		t.Error(other.Err())
	}
	if _, err := client.Read(askels4.ReadOptions{Service: service, EntitySet: "X"}); !errors.Is(err, askels4.ErrClosed) {
		t.Error(err)
	}
	if _, err := instance.Status(); !errors.Is(err, askels4.ErrClosed) {
		t.Error(err)
	}
	client.Close()
	client.Close()
}

func TestWhatIsForgottenIsFreed(t *testing.T) {
	s := sandbox(t)
	for i := 0; i < 20; i++ {
		instance, err := askels4.Open(askels4.InstanceOptions{Vault: t.TempDir() + "/vault.db", Key: make([]byte, 32)})
		if err != nil {
			t.Fatal(err)
		}
		if err := instance.PutConnection(s.options()); err != nil {
			t.Fatal(err)
		}
		client, err := instance.Client(askels4.ClientOptions{Connection: "nordvik"})
		if err != nil {
			t.Fatal(err)
		}
		cursor, err := client.Read(askels4.ReadOptions{Service: service, EntitySet: "A_SalesOrder", Top: 1})
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 && !cursor.Next(background) {
			t.Fatal(cursor.Err())
		}
	}
	// Finalizers run one round after what holds an object is gone: cursor, client, instance.
	deadline := time.Now().Add(soon)
	for time.Now().Before(deadline) {
		runtime.GC()
		time.Sleep(20 * time.Millisecond)
		if descriptors, _ := os.ReadDir("/proc/self/fd"); len(descriptors) < 25 {
			return
		}
	}
	t.Error("descriptors stay open")
}
