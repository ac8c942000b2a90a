// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

func TestAnEventIsWaitedFor(t *testing.T) {
	instance, _ := sandbox(t).connect(t)
	ctx, cancel := context.WithTimeout(background, soon)
	defer cancel()
	checked := make(chan error, 1)
	time.AfterFunc(100*time.Millisecond, func() {
		_, err := instance.Check(background, "nordvik", askels4.CheckOptions{})
		checked <- err
	})
	event, err := instance.WaitEvent(ctx)
	if err != nil || event.Connection != "nordvik" || event.From != "new" || event.To != "active" {
		t.Errorf("%+v, %v", event, err)
	}
	if err := <-checked; err != nil {
		t.Error(err)
	}
}

func TestEventsThatWaitAreTakenAtOnce(t *testing.T) {
	s := sandbox(t)
	instance := open(t)
	options := s.options()
	for _, options.ID = range []string{"one", "two"} {
		if err := instance.PutConnection(options); err != nil {
			t.Fatal(err)
		}
		if _, err := instance.Check(background, options.ID, askels4.CheckOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"one", "two"} {
		if event, err := instance.WaitEvent(background); err != nil || event.Connection != id {
			t.Errorf("%+v, %v", event, err)
		}
	}
}

func TestAContextEndsTheWaitForAnEvent(t *testing.T) {
	instance, _ := sandbox(t).connect(t)
	ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
	defer cancel()
	for i := 0; i < 2; i++ {
		if event, err := instance.WaitEvent(ctx); event != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%+v, %v", event, err)
		}
	}
}

func TestCloseEndsTheWaitForAnEvent(t *testing.T) {
	instance, _ := sandbox(t).connect(t)
	var group sync.WaitGroup
	for i := 0; i < 3; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			if event, err := instance.WaitEvent(background); event != nil || !errors.Is(err, askels4.ErrClosed) {
				t.Errorf("%+v, %v", event, err)
			}
		}()
	}
	time.Sleep(100 * time.Millisecond)
	instance.Close()
	group.Wait()
}

func TestDroppedEventsAreCounted(t *testing.T) {
	s := sandbox(t)
	instance, err := askels4.Open(askels4.InstanceOptions{
		Vault: t.TempDir() + "/vault.db", Key: make([]byte, 32), EventCapacity: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer instance.Close()
	options := s.options()
	for _, options.ID = range []string{"one", "two"} {
		if err := instance.PutConnection(options); err != nil {
			t.Fatal(err)
		}
		if _, err := instance.Check(background, options.ID, askels4.CheckOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	event, err := instance.NextEvent()
	if err != nil || event.Kind != askels4.EventDropped || event.Count != 1 || !event.At.IsZero() {
		t.Errorf("%+v, %v", event, err)
	}
	event, err = instance.NextEvent()
	if err != nil || event.Kind != askels4.EventConnectionState || event.Connection != "two" {
		t.Errorf("%+v, %v", event, err)
	}
}
