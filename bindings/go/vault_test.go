// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

var oldKey, newKey, thirdKey = askels4.KeyBytes(make([]byte, 32)), askels4.KeyBytes(bytes.Repeat([]byte{1}, 32)),
	askels4.KeyBytes(bytes.Repeat([]byte{2}, 32))

// many are more connections than are moved in one step.
const many = 150

// filled gives an instance with many connections, and its vault.
func filled(t *testing.T) (*askels4.Instance, string) {
	t.Helper()
	vault := filepath.Join(t.TempDir(), "vault.db")
	instance := openWith(t, askels4.InstanceOptions{Vault: vault, VaultKey: oldKey})
	for i := 0; i < many; i++ {
		err := instance.PutConnection(askels4.ConnectionOptions{
			ID: fmt.Sprintf("customer-%03d", i), Host: "my300000-api.s4hana.cloud.sap", Auth: askels4.AuthBasic,
			User: "user", Password: "password",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return instance, vault
}

func TestAfterARotationTheNewKeyAloneOpens(t *testing.T) {
	instance, vault := filled(t)
	var told []uint64
	err := instance.RotateKey(background, newKey, askels4.RotateOptions{
		Actor: "anna", Progress: func(done, total uint64) { told = append(told, done, total) },
	})
	if err != nil || len(told) < 6 || told[0] != 0 || told[len(told)-2] != many || told[len(told)-1] != many {
		t.Errorf("%v, %v", told, err)
	}
	status, err := instance.VaultStatus()
	if err != nil || status.KeyVersion != 2 || status.Rotation != nil || status.FormerKeyVersion != nil ||
		status.Connections != many {
		t.Errorf("%+v, %v", status, err)
	}
	refused(t, askels4.InstanceOptions{Vault: vault, VaultKey: oldKey})
	again := openWith(t, askels4.InstanceOptions{Vault: vault, VaultKey: newKey})
	if all, err := again.Connections(); err != nil || len(all) != many {
		t.Errorf("%d, %v", len(all), err)
	}
	if err := again.CheckVault(); err != nil {
		t.Error(err)
	}
}

func TestAContextEndsARotationThatGoesOnLater(t *testing.T) {
	instance, vault := filled(t)
	ctx, cancel := context.WithCancel(background)
	err := instance.RotateKey(ctx, newKey, askels4.RotateOptions{Progress: func(done, _ uint64) {
		if done > 0 {
			cancel()
		}
	}})
	if !errors.Is(err, askels4.ErrCancelled) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := instance.RotateKey(ctx, newKey, askels4.RotateOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	status, err := instance.VaultStatus()
	if err != nil || status.Rotation == nil || status.Rotation.Kind != "rotate" || status.Rotation.Done == 0 ||
		status.Rotation.Done >= many || status.Rotation.Total != many || *status.FormerKeyVersion != 1 {
		t.Fatalf("%+v, %v", status, err)
	}
	if err := instance.RotateKey(background, thirdKey, askels4.RotateOptions{}); !errors.Is(err, askels4.ErrConflict) {
		t.Error(err)
	}
	if err := instance.Rekey(background, askels4.RotateOptions{}); !errors.Is(err, askels4.ErrConflict) {
		t.Error(err)
	}
	other := openWith(t, askels4.InstanceOptions{Vault: vault, VaultKey: newKey, OtherKey: oldKey})
	if err := other.RotateKey(background, newKey, askels4.RotateOptions{}); err != nil {
		t.Error(err)
	}
	if err := other.Rekey(background, askels4.RotateOptions{Actor: "anna"}); err != nil {
		t.Error(err)
	}
	if all, err := instance.Connections(); err != nil || len(all) != many {
		t.Errorf("%d, %v", len(all), err)
	}
}

func TestAPanicOfProgressGoesOnAfterTheCall(t *testing.T) {
	instance, _ := filled(t)
	func() {
		defer func() {
			if cause := recover(); cause != "no more" {
				t.Error(cause)
			}
		}()
		instance.RotateKey(background, newKey, askels4.RotateOptions{Progress: func(done, _ uint64) { panic("no more") }})
		t.Error("it came back")
	}()
	if err := instance.RotateKey(background, newKey, askels4.RotateOptions{}); err != nil {
		t.Error(err)
	}
}

func TestWhatNoKeyIs(t *testing.T) {
	instance := open(t)
	if err := instance.RotateKey(background, nil, askels4.RotateOptions{}); !errors.Is(err, askels4.ErrInvalidArgument) {
		t.Error(err)
	}
	if err := instance.AddKey(nil); !errors.Is(err, askels4.ErrInvalidArgument) {
		t.Error(err)
	}
	err := instance.RotateKey(background, newKey, askels4.RotateOptions{Actor: "a\x00b"})
	if !errors.Is(err, askels4.ErrInvalidArgument) {
		t.Error(err)
	}
}

func TestABackupOpens(t *testing.T) {
	instance, _ := filled(t)
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := instance.Backup(path); err != nil {
		t.Fatal(err)
	}
	if found, err := os.Stat(path); err != nil || found.Mode().Perm() != 0o600 {
		t.Error(found.Mode(), err)
	}
	copied := openWith(t, askels4.InstanceOptions{Vault: path, VaultKey: oldKey, ReadOnly: true, Check: true})
	if all, err := copied.Connections(); err != nil || len(all) != many {
		t.Errorf("%d, %v", len(all), err)
	}
	if status, err := copied.VaultStatus(); err != nil || !status.ReadOnly || status.ReadOnlyReason == "" {
		t.Errorf("%+v, %v", status, err)
	}
	if err := copied.DeleteConnection("customer-001", ""); !errors.Is(err, askels4.ErrVaultUnavailable) {
		t.Error(err)
	}
	if err := instance.Backup(path); !errors.Is(err, askels4.ErrVaultUnavailable) {
		t.Error(err)
	}
}

func TestTheAuditTrail(t *testing.T) {
	s := sandbox(t)
	instance := open(t)
	options := s.options()
	options.Actor = "anna"
	if err := instance.PutConnection(options); err != nil {
		t.Fatal(err)
	}
	head, err := instance.AuditHead()
	if err != nil || head.Count != 2 || len(head.Hash) != 64 {
		t.Errorf("%+v, %v", head, err)
	}
	if err := instance.DeleteConnection("nordvik", "ben"); err != nil {
		t.Error(err)
	}
	entries, err := instance.AuditEntries(askels4.AuditFilter{Connection: "nordvik"})
	if err != nil || len(entries) != 2 || entries[0].Action != "put" || entries[0].Actor != "anna" ||
		entries[1].Action != "delete" || entries[1].Actor != "ben" || entries[1].Number != 3 || entries[1].Result != "ok" {
		t.Errorf("%+v, %v", entries, err)
	}
	earlier, err := instance.AuditEntries(askels4.AuditFilter{To: entries[0].At.AddDate(-1, 0, 0)})
	if err != nil || len(earlier) != 0 {
		t.Errorf("%+v, %v", earlier, err)
	}
	report, err := instance.AuditVerify(&head)
	if err != nil || !report.Intact || report.Entries != 3 || report.Head == nil || report.Head.Count != 3 {
		t.Errorf("%+v, %v", report, err)
	}
	head.Count = 4
	if report, err := instance.AuditVerify(&head); err == nil && report.Intact {
		t.Errorf("%+v, %v", report, err)
	}
}
