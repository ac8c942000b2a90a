// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"errors"
	"path/filepath"
	"testing"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

func TestRequestsAreCountedAndToldOf(t *testing.T) {
	s := sandbox(t)
	key := filepath.Join(t.TempDir(), "key")
	if err := askels4.CreateKeyFile(key); err != nil {
		t.Fatal(err)
	}
	instance, err := askels4.Open(askels4.InstanceOptions{
		Vault: filepath.Join(t.TempDir(), "vault.db"), KeyFile: key, LogLevel: askels4.LogInfo,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer instance.Close()
	if err := instance.PutConnection(s.options()); err != nil {
		t.Fatal(err)
	}
	client, err := instance.Client(askels4.ClientOptions{Connection: s.options().ID})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	trace := "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	answer, err := client.Do(background, askels4.Request{Method: "GET", Path: root + "/", Traceparent: trace})
	if err != nil {
		t.Fatal(err)
	}
	answer.Close()
	stats, err := instance.Stats(s.options().ID)
	if err != nil || stats.API.Requests != 1 || stats.Token.Answers["2xx"] != 1 || stats.API.Latency.Count != 1 {
		t.Fatalf("%+v, %v", stats, err)
	}
	var records []*askels4.Event
	for {
		event, err := instance.NextEvent()
		if err != nil {
			t.Fatal(err)
		}
		if event == nil {
			break
		}
		if event.Kind == askels4.EventLog {
			records = append(records, event)
		}
	}
	if len(records) != 1 || records[0].HTTPStatus != 200 || records[0].Traceparent != trace ||
		records[0].Path != root+"/" || records[0].Level != "info" || records[0].Connection != s.options().ID {
		t.Fatalf("%+v", records)
	}
	_, err = client.Do(background, askels4.Request{Method: "GET", Path: root + "/", Traceparent: "none"})
	if !errors.Is(err, askels4.ErrInvalidArgument) {
		t.Fatal(err)
	}
}
