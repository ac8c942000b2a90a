// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

// secrets makes these secrets the valid ones, until the test ends.
func (s tenant) secrets(t *testing.T, all ...string) {
	t.Helper()
	s.control(t, http.MethodPost, "/secrets", map[string]any{"replace": all[0]})
	for _, each := range all[1:] {
		s.control(t, http.MethodPost, "/secrets", map[string]any{"add": each})
	}
	t.Cleanup(func() { s.control(t, http.MethodPost, "/secrets", map[string]any{"replace": s.ClientSecret}) })
}

// staged gives an instance and a client whose new secret is staged and proven, and valid beside the old one.
func (s tenant) staged(t *testing.T) (*askels4.Instance, *askels4.Client) {
	t.Helper()
	instance, client := s.connect(t)
	s.secrets(t, s.ClientSecret, "new secret")
	if _, err := instance.Check(background, "nordvik", askels4.CheckOptions{}); err != nil {
		t.Fatal(err)
	}
	err := instance.StageConnection(askels4.ConnectionOptions{ID: "nordvik", ClientSecret: "new secret", Actor: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	if err := instance.Promote("nordvik", ""); !errors.Is(err, askels4.ErrConflict) {
		t.Error(err)
	}
	if _, err := instance.Check(background, "nordvik", askels4.CheckOptions{Beside: true, Actor: "anna"}); err != nil {
		t.Fatal(err)
	}
	connection, err := instance.Connection("nordvik")
	if err != nil || connection.Generation != 1 || connection.Beside == nil || connection.Beside.Role != "staged" ||
		connection.Beside.State != "active" || connection.Beside.Generation != 2 ||
		connection.Beside.Host != connection.Host {
		t.Fatalf("%+v, %v", connection, err)
	}
	return instance, client
}

func TestANewSecretTakesOverWithoutAGap(t *testing.T) {
	s := sandbox(t)
	instance, client := s.staged(t)
	if err := instance.Promote("nordvik", "anna"); err != nil {
		t.Fatal(err)
	}
	s.secrets(t, "new secret")
	if count := rows(t, read(t, client, askels4.ReadOptions{Top: 3})); count != 3 {
		t.Errorf("%d rows", count)
	}
	connection, err := instance.Connection("nordvik")
	if err != nil || connection.Generation != 2 || connection.Beside == nil || connection.Beside.Role != "former" {
		t.Errorf("%+v, %v", connection, err)
	}
	if err := instance.Retire("nordvik", "anna"); err != nil {
		t.Error(err)
	}
	if err := instance.Retire("nordvik", "anna"); !errors.Is(err, askels4.ErrConflict) {
		t.Error(err)
	}
	if err := instance.Promote("nobody", "anna"); !errors.Is(err, askels4.ErrNotFound) {
		t.Error(err)
	}
	if connection, err := instance.Connection("nordvik"); err != nil || connection.Beside != nil {
		t.Errorf("%+v, %v", connection, err)
	}
}

func TestTheLibraryGoesOverToTheProvenOneByItself(t *testing.T) {
	s := sandbox(t)
	instance, client := s.staged(t)
	for event, _ := instance.NextEvent(); event != nil; event, _ = instance.NextEvent() {
	}
	s.secrets(t, "new secret")
	for i := 0; i < 2; i++ {
		if count := rows(t, read(t, client, askels4.ReadOptions{Top: 3})); count != 3 {
			t.Errorf("%d rows", count)
		}
	}
	switched := 0
	for event, err := instance.NextEvent(); event != nil || err != nil; event, err = instance.NextEvent() {
		if err != nil {
			t.Fatal(err)
		}
		if event.Kind != askels4.EventCredentialSwitched {
			continue
		}
		switched++
		if event.Connection != "nordvik" || event.FromGeneration != 1 || event.ToGeneration != 2 ||
			event.Code != "invalid_client" || time.Since(event.At) > time.Minute {
			t.Errorf("%+v", event)
		}
	}
	if switched != 1 {
		t.Errorf("%d events", switched)
	}
	connection, err := instance.Connection("nordvik")
	if err != nil || connection.Generation != 2 || connection.State != "active" || connection.Beside.State != "expired" {
		t.Errorf("%+v, %v", connection, err)
	}
}

func TestACredentialWhoseEndIsNearIsExpiring(t *testing.T) {
	s := sandbox(t)
	instance := open(t)
	options := s.options()
	options.ExpiresAt = time.Now().AddDate(0, 0, 10).Truncate(time.Second)
	for days, state := range map[uint32]string{0: "expiring", 9: "active", 11: "expiring"} {
		options.ExpiringDays = days
		if err := instance.PutConnection(options); err != nil {
			t.Fatal(err)
		}
		if result, err := instance.Check(background, "nordvik", askels4.CheckOptions{}); err != nil || result.State != state {
			t.Errorf("%d: %+v, %v", days, result, err)
		}
		connection, err := instance.Connection("nordvik")
		if err != nil || connection.State != state || !connection.ExpiresAt.Equal(options.ExpiresAt) {
			t.Errorf("%d: %+v, %v", days, connection, err)
		}
	}
}

func TestACertificateThatIsNoneIsRefused(t *testing.T) {
	s := sandbox(t)
	instance := open(t)
	options := s.options()
	options.ClientSecret, options.ClientAuth = "", askels4.ClientAuthCertificate
	for _, options.ClientCertificate = range []string{"", "none"} {
		options.ClientKey = options.ClientCertificate
		if err := instance.PutConnection(options); !errors.Is(err, askels4.ErrInvalidArgument) {
			t.Error(err)
		}
	}
}

func TestACertificateInPlaceOfASecret(t *testing.T) {
	s := sandbox(t)
	instance, client := s.connect(t)
	if _, err := instance.Check(background, "nordvik", askels4.CheckOptions{}); err != nil {
		t.Fatal(err)
	}
	err := instance.StageConnection(askels4.ConnectionOptions{
		ID: "nordvik", ClientID: s.ClientID, ClientAuth: askels4.ClientAuthCertificate,
		ClientCertificate: s.ClientCertificate, ClientKey: s.ClientKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := instance.Check(background, "nordvik", askels4.CheckOptions{Beside: true}); err != nil {
		t.Fatal(err)
	}
	if err := instance.Promote("nordvik", ""); err != nil {
		t.Fatal(err)
	}
	s.secrets(t, "another secret")
	if count := rows(t, read(t, client, askels4.ReadOptions{Top: 3})); count != 3 {
		t.Errorf("%d rows", count)
	}
	connection, err := instance.Connection("nordvik")
	if err != nil || connection.ClientAuth != "certificate" || connection.Certificate == nil ||
		connection.Certificate.Subject == "" || !connection.Certificate.NotAfter.Equal(*connection.ExpiresAt) {
		t.Errorf("%+v, %v", connection, err)
	}
}
