// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

// keyService is a key management service in this process. What it wraps it keeps, and gives out a name for it.
type keyService struct {
	mu      sync.Mutex
	kept    map[string][2][]byte
	wraps   int
	unwraps int
	// failure is what it does in place of an answer.
	failure func() error
}

func (s *keyService) key(name string, ttl time.Duration) askels4.ServiceKey {
	return askels4.ServiceKey{Name: name, Wrap: s.wrap, Unwrap: s.unwrap, DataKeyTTL: ttl}
}

func (s *keyService) fail() error {
	if s.failure != nil {
		return s.failure()
	}
	return nil
}

func (s *keyService) wrap(data, associatedData []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wraps++
	if err := s.fail(); err != nil {
		return nil, err
	}
	name := make([]byte, 48)
	if _, err := rand.Read(name); err != nil {
		return nil, err
	}
	if s.kept == nil {
		s.kept = map[string][2][]byte{}
	}
	s.kept[string(name)] = [2][]byte{append([]byte{}, data...), append([]byte{}, associatedData...)}
	return name, nil
}

func (s *keyService) unwrap(data, associatedData []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unwraps++
	if err := s.fail(); err != nil {
		return nil, err
	}
	kept, found := s.kept[string(data)]
	if !found || !bytes.Equal(kept[1], associatedData) {
		return nil, errors.New("no such key")
	}
	return append([]byte{}, kept[0]...), nil
}

// asked gives how often it was asked since the last time that this was.
func (s *keyService) asked() (wraps, unwraps int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wraps, unwraps = s.wraps, s.unwraps
	s.wraps, s.unwraps = 0, 0
	return wraps, unwraps
}

func openWith(t *testing.T, options askels4.InstanceOptions) *askels4.Instance {
	t.Helper()
	instance, err := askels4.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { instance.Close() })
	return instance
}

func refused(t *testing.T, options askels4.InstanceOptions) {
	t.Helper()
	if _, err := askels4.Open(options); !errors.Is(err, askels4.ErrVaultKeyRefused) {
		t.Errorf("%T: %v", options.VaultKey, err)
	}
}

func keyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vault.key")
	if err := askels4.CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAKeyOpensItsVaultAndNoOtherKeyDoes(t *testing.T) {
	s := sandbox(t)
	service := &keyService{}
	for kind, keys := range map[string][2]askels4.Key{
		"file":       {askels4.KeyFile{Path: keyFile(t)}, askels4.KeyFile{Path: keyFile(t)}},
		"bytes":      {askels4.KeyBytes(make([]byte, 32)), askels4.KeyBytes(bytes.Repeat([]byte{1}, 32))},
		"passphrase": {askels4.Passphrase("correct horse"), askels4.Passphrase("wrong horse")},
		"service":    {service.key("right", 0), service.key("wrong", 0)},
	} {
		vault := filepath.Join(t.TempDir(), "vault.db")
		instance := openWith(t, askels4.InstanceOptions{Vault: vault, VaultKey: keys[0]})
		if err := instance.PutConnection(s.options()); err != nil {
			t.Fatal(kind, err)
		}
		if status, err := instance.VaultStatus(); err != nil || status.Key != kind || status.Storage != "sqlite" {
			t.Errorf("%s: %+v, %v", kind, status, err)
		}
		instance.Close()
		refused(t, askels4.InstanceOptions{Vault: vault, VaultKey: keys[1]})
		again := openWith(t, askels4.InstanceOptions{Vault: vault, VaultKey: keys[1], OtherKey: keys[0]})
		if _, err := again.Check(background, "nordvik", askels4.CheckOptions{}); err != nil {
			t.Error(kind, err)
		}
	}
}

func TestKeysThatAreNone(t *testing.T) {
	service := &keyService{}
	shared := keyFile(t)
	if err := os.Chmod(shared, 0o440); err != nil {
		t.Fatal(err)
	}
	vault := filepath.Join(t.TempDir(), "vault.db")
	for _, key := range []askels4.Key{
		askels4.KeyBytes("too short"), askels4.Passphrase("short"), askels4.KeyFile{Path: "no/such/file"},
		askels4.KeyFile{Path: shared}, askels4.KeyFile{Path: "a\x00b"}, askels4.ServiceKey{Name: "name"},
		service.key("", 0), service.key(strings.Repeat("x", 513), 0),
	} {
		_, err := askels4.Open(askels4.InstanceOptions{Vault: vault, VaultKey: key})
		if !errors.Is(err, askels4.ErrVaultKeyRefused) && !errors.Is(err, askels4.ErrInvalidArgument) {
			t.Errorf("%T: %v", key, err)
		}
	}
	for _, options := range []askels4.InstanceOptions{
		{Vault: vault}, {Vault: vault, Key: make([]byte, 32), VaultKey: service.key("name", 0)},
		{VaultKey: service.key("name", 0)}, {Vault: "a\x00b", VaultKey: service.key("name", 0)},
	} {
		if _, err := askels4.Open(options); !errors.Is(err, askels4.ErrInvalidArgument) {
			t.Error(err)
		}
	}
	openWith(t, askels4.InstanceOptions{Vault: vault, VaultKey: askels4.KeyFile{Path: shared, AllowShared: true}})
}

func TestTheServiceIsAskedForEachConnectionAndNotForEachRequest(t *testing.T) {
	s := sandbox(t)
	service := &keyService{}
	instance := openWith(t, askels4.InstanceOptions{
		Vault: filepath.Join(t.TempDir(), "vault.db"), VaultKey: service.key("name", -1),
	})
	service.asked()
	options := s.options()
	for _, options.ID = range []string{"one", "two"} {
		if err := instance.PutConnection(options); err != nil {
			t.Fatal(err)
		}
		if wraps, unwraps := service.asked(); wraps != 1 || unwraps != 0 {
			t.Errorf("%d wraps, %d unwraps for a connection that is put", wraps, unwraps)
		}
	}
	for _, id := range []string{"one", "two"} {
		client, err := instance.Client(askels4.ClientOptions{Connection: id})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if wraps, unwraps := service.asked(); wraps != 0 || unwraps != 1 {
			t.Errorf("%d wraps, %d unwraps for a client that is opened", wraps, unwraps)
		}
		for i := 0; i < 3; i++ {
			if count := rows(t, read(t, client, askels4.ReadOptions{Top: 50, PageSize: 10})); count != 50 {
				t.Errorf("%d rows", count)
			}
		}
		if wraps, unwraps := service.asked(); wraps != 0 || unwraps != 0 {
			t.Errorf("%d wraps, %d unwraps for requests", wraps, unwraps)
		}
	}
}

func TestAnUnwrappedKeyIsKeptForItsTime(t *testing.T) {
	s := sandbox(t)
	for ttl, most := range map[time.Duration]int{0: 1, time.Hour: 1, time.Millisecond: 5, -1: 5} {
		service := &keyService{}
		instance := openWith(t, askels4.InstanceOptions{
			Vault: filepath.Join(t.TempDir(), "vault.db"), VaultKey: service.key("name", ttl),
		})
		if err := instance.PutConnection(s.options()); err != nil {
			t.Fatal(err)
		}
		service.asked()
		for i := 0; i < 5; i++ {
			client, err := instance.Client(askels4.ClientOptions{Connection: "nordvik"})
			if err != nil {
				t.Fatal(err)
			}
			client.Close()
			time.Sleep(5 * time.Millisecond)
		}
		if wraps, unwraps := service.asked(); wraps != 0 || unwraps != most {
			t.Errorf("%v: %d wraps, %d unwraps", ttl, wraps, unwraps)
		}
	}
}

func TestWhatGoesThroughAServiceIsWiped(t *testing.T) {
	service := &keyService{}
	key := service.key("name", -1)
	var passed [][]byte
	key.Wrap = func(data, associatedData []byte) ([]byte, error) {
		passed = append(passed, data)
		return service.wrap(data, associatedData)
	}
	key.Unwrap = func(data, associatedData []byte) ([]byte, error) {
		found, err := service.unwrap(data, associatedData)
		passed = append(passed, found)
		return found, err
	}
	vault := filepath.Join(t.TempDir(), "vault.db")
	for i := 0; i < 2; i++ {
		openWith(t, askels4.InstanceOptions{Vault: vault, VaultKey: key}).Close()
	}
	if len(passed) < 2 {
		t.Errorf("%d keys went through", len(passed))
	}
	for _, each := range passed {
		if !bytes.Equal(each, make([]byte, len(each))) {
			t.Error("a key was left as it was")
		}
	}
}

var errDown = errors.New("the service\nis down")

func TestWhatAServiceFailsWithIsTheCause(t *testing.T) {
	s := sandbox(t)
	service := &keyService{}
	vault := filepath.Join(t.TempDir(), "vault.db")
	instance := openWith(t, askels4.InstanceOptions{Vault: vault, VaultKey: service.key("name", -1)})
	if err := instance.PutConnection(s.options()); err != nil {
		t.Fatal(err)
	}
	var nothing map[string]int
	for text, failure := range map[string]func() error{
		"the service is down": func() error { return fmt.Errorf("kms: %w", errDown) },
		"panic: no more":      func() error { panic("no more") },
		"panic: assignment":   func() error { nothing["x"] = 1; return nil },
		"panic":               func() error { panic(nil) },
	} {
		service.failure = failure
		_, opened := instance.Client(askels4.ClientOptions{Connection: "nordvik"})
		_, checked := instance.Check(background, "nordvik", askels4.CheckOptions{})
		_, again := askels4.Open(askels4.InstanceOptions{Vault: vault, VaultKey: service.key("name", -1)})
		for _, err := range []error{opened, checked, again, instance.PutConnection(s.options())} {
			if !errors.Is(err, askels4.ErrVaultKeyRefused) || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v", text, err)
			}
			var cause runtime.Error
			if errors.Is(err, errDown) != (text == "the service is down") ||
				errors.As(err, &cause) != (text == "panic: assignment") {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	service.failure = nil
	if _, err := instance.Check(background, "nordvik", askels4.CheckOptions{}); err != nil {
		t.Error(err)
	}
}

func TestACauseBelongsToItsCallAlone(t *testing.T) {
	s := sandbox(t)
	service := &keyService{}
	instance := openWith(t, askels4.InstanceOptions{
		Vault: filepath.Join(t.TempDir(), "vault.db"), VaultKey: service.key("name", -1),
	})
	if err := instance.PutConnection(s.options()); err != nil {
		t.Fatal(err)
	}
	service.failure = func() error { return errDown }
	var group sync.WaitGroup
	for i := 0; i < 16; i++ {
		mine := i%2 == 0
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < 50; j++ {
				var err error
				if mine {
					_, err = instance.Client(askels4.ClientOptions{Connection: "nordvik"})
				} else {
					_, err = instance.Connection("nobody")
				}
				if errors.Is(err, errDown) != mine || errors.Is(err, askels4.ErrNotFound) == mine {
					t.Error(mine, err)
				}
			}
		}()
	}
	group.Wait()
}

func TestAServiceUsesAnotherInstance(t *testing.T) {
	s := sandbox(t)
	inner := open(t)
	if err := inner.PutConnection(s.options()); err != nil {
		t.Fatal(err)
	}
	service := &keyService{}
	key := service.key("name", -1)
	key.Unwrap = func(data, associatedData []byte) ([]byte, error) {
		if _, err := inner.Connection("nobody"); !errors.Is(err, askels4.ErrNotFound) {
			return nil, err
		}
		if _, err := inner.Check(background, "nordvik", askels4.CheckOptions{}); err != nil {
			return nil, err
		}
		return service.unwrap(data, associatedData)
	}
	outer := openWith(t, askels4.InstanceOptions{Vault: filepath.Join(t.TempDir(), "vault.db"), VaultKey: key})
	if err := outer.PutConnection(s.options()); err != nil {
		t.Fatal(err)
	}
	if _, err := outer.Check(background, "nordvik", askels4.CheckOptions{}); err != nil {
		t.Error(err)
	}
}

func TestKeysThatAreForgottenAreFreed(t *testing.T) {
	freed := make(chan bool, 20)
	for i := 0; i < 20; i++ {
		service := &keyService{}
		runtime.SetFinalizer(service, func(*keyService) { freed <- true })
		vault := filepath.Join(t.TempDir(), "vault.db")
		instance, err := askels4.Open(askels4.InstanceOptions{Vault: vault, VaultKey: service.key("name", 0)})
		if err != nil {
			t.Fatal(err)
		}
		switch i % 4 {
		case 0:
			instance.Close()
		case 1:
			if err := instance.AddKey(service.key("second", 0)); err != nil {
				t.Error(err)
			}
			instance.Close()
			if err := instance.AddKey(service.key("third", 0)); !errors.Is(err, askels4.ErrClosed) {
				t.Error(err)
			}
		case 2:
			_, err := askels4.Open(askels4.InstanceOptions{Vault: vault, VaultKey: service.key("wrong", 0)})
			if !errors.Is(err, askels4.ErrVaultKeyRefused) {
				t.Error(err)
			}
		}
	}
	for deadline := time.Now().Add(2 * soon); len(freed) < 20 && time.Now().Before(deadline); {
		runtime.GC()
		time.Sleep(20 * time.Millisecond)
	}
	// The compiler may keep the last one.
	if len(freed) < 19 {
		t.Errorf("%d of 20 were freed", len(freed))
	}
}
