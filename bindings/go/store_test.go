// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"errors"
	"sort"
	"strings"
	"sync"
	"testing"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

// memoryStore keeps records in memory.
type memoryStore struct {
	mu      sync.Mutex
	records map[string]askels4.Record
	failure func() error
	// conflicts are commits to turn away first.
	conflicts int
	commits   int
}

func (m *memoryStore) String() string { return "the store in memory" }

func (m *memoryStore) fail() error {
	if m.failure != nil {
		return m.failure()
	}
	return nil
}

func (m *memoryStore) Get(key string) (*askels4.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fail(); err != nil {
		return nil, err
	}
	if found, ok := m.records[key]; ok {
		return &found, nil
	}
	return nil, nil
}

func (m *memoryStore) List(prefix, after string, limit int) ([]askels4.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fail(); err != nil {
		return nil, err
	}
	var found []askels4.Record
	for key, record := range m.records {
		if strings.HasPrefix(key, prefix) && key > after {
			found = append(found, record)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Key < found[j].Key })
	if len(found) > limit {
		found = found[:limit]
	}
	return found, nil
}

func (m *memoryStore) Commit(changes []askels4.StoreChange) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fail(); err != nil {
		return err
	}
	m.commits++
	if m.conflicts > 0 {
		m.conflicts--
		return askels4.ErrConflict
	}
	for _, each := range changes {
		if m.records[each.Key].Version != each.ExpectedVersion {
			return askels4.ErrConflict
		}
	}
	for _, each := range changes {
		switch each.Action {
		case askels4.StorePut:
			m.records[each.Key] = askels4.Record{Key: each.Key, Version: each.Version, Value: each.Value}
		case askels4.StoreDelete:
			delete(m.records, each.Key)
		}
	}
	return nil
}

func stored(t *testing.T) (*askels4.Instance, *memoryStore) {
	t.Helper()
	store := &memoryStore{records: map[string]askels4.Record{}}
	return openWith(t, askels4.InstanceOptions{Store: store, VaultKey: oldKey}), store
}

func TestAVaultInAStoreOfTheProducts(t *testing.T) {
	s := sandbox(t)
	instance, store := stored(t)
	store.conflicts = 2
	if err := instance.PutConnection(s.options()); err != nil {
		t.Fatal(err)
	}
	if store.conflicts != 0 {
		t.Error("no commit came again after a conflict")
	}
	client, err := instance.Client(askels4.ClientOptions{Connection: "nordvik"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if count := rows(t, read(t, client, askels4.ReadOptions{Top: 30, PageSize: 10})); count != 30 {
		t.Errorf("%d rows", count)
	}
	if err := instance.RotateKey(background, newKey, askels4.RotateOptions{}); err != nil {
		t.Error(err)
	}
	if status, err := instance.VaultStatus(); err != nil || status.Storage != "store" || status.KeyVersion != 2 {
		t.Errorf("%+v, %v", status, err)
	}
	other := openWith(t, askels4.InstanceOptions{Store: store, VaultKey: newKey})
	if _, err := other.Check(background, "nordvik", askels4.CheckOptions{}); err != nil {
		t.Error(err)
	}
	if err := other.DeleteConnection("nordvik", ""); err != nil {
		t.Error(err)
	}
	if _, err := instance.Connection("nordvik"); !errors.Is(err, askels4.ErrNotFound) {
		t.Error(err)
	}
	if err := instance.Backup(t.TempDir() + "/copy"); !errors.Is(err, askels4.ErrInvalidArgument) {
		t.Error(err)
	}
	for _, record := range store.records {
		if strings.Contains(string(record.Value), s.ClientSecret) {
			t.Error("the store was shown a secret")
		}
	}
}

func TestWhatAStoreFailsWithIsTheCause(t *testing.T) {
	s := sandbox(t)
	instance, store := stored(t)
	for text, failure := range map[string]func() error{
		"is down":        func() error { return errDown },
		"panic: no more": func() error { panic("no more") },
	} {
		store.failure = failure
		_, listed := instance.Connections()
		_, opened := askels4.Open(askels4.InstanceOptions{Store: store, VaultKey: oldKey})
		for _, err := range []error{listed, opened, instance.PutConnection(s.options())} {
			if !errors.Is(err, askels4.ErrVaultUnavailable) || !strings.Contains(err.Error(), text) ||
				!strings.Contains(err.Error(), "the store in memory") || errors.Is(err, errDown) != (text == "is down") {
				t.Error(err)
			}
		}
	}
	store.failure = nil
	if err := instance.PutConnection(s.options()); err != nil {
		t.Error(err)
	}
}

func TestManyGoroutinesWithOneStore(t *testing.T) {
	s := sandbox(t)
	instance, _ := stored(t)
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		options := s.options()
		options.ID = string(rune('a' + i))
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < 3; j++ {
				if err := instance.PutConnection(options); err != nil {
					t.Error(err)
				}
				if _, err := instance.Check(background, options.ID, askels4.CheckOptions{}); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
	if report, err := instance.AuditVerify(nil); err != nil || !report.Intact {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestARecordThatBelongsToNobodyIsDiscarded(t *testing.T) {
	instance, store := stored(t)
	key := "connection/" + strings.Repeat("0a", 16)
	store.mu.Lock()
	store.records[key] = askels4.Record{Key: key, Version: 1, Value: []byte("what was left of it")}
	store.mu.Unlock()
	_, err := instance.Connections()
	var found *askels4.Error
	if !errors.As(err, &found) || found.Code != askels4.ErrVaultCorrupt || found.Target != key {
		t.Fatalf("%v", err)
	}
	if err := instance.Discard(found.Target, "anna"); err != nil {
		t.Fatal(err)
	}
	if connections, err := instance.Connections(); err != nil || len(connections) != 0 {
		t.Fatalf("%v, %v", connections, err)
	}
	if err := instance.Discard(key, ""); !errors.Is(err, askels4.ErrNotFound) {
		t.Fatalf("%v", err)
	}
}
