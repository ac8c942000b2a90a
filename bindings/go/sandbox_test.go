// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

const service = "API_SALES_ORDER_SRV"

// tenant is a running sandbox tenant, as the line that it printed tells.
type tenant struct {
	APIURL       string `json:"api_url"`
	TokenURL     string `json:"token_url"`
	ControlURL   string `json:"control_url"`
	CAFile       string `json:"ca_file"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	// ClientCertificate and ClientKey are PEM text.
	ClientCertificate string `json:"client_certificate"`
	ClientKey         string `json:"client_key"`

	User       string
	Password   string
	Today      string
	OpenOrders int `json:"open_orders"`
}

// sandbox gives the tenant of the file that ASKEL_S4_SANDBOX names, as new, or skips the test.
func sandbox(t *testing.T) tenant {
	t.Helper()
	path := os.Getenv("ASKEL_S4_SANDBOX")
	if path == "" {
		t.Skip("ASKEL_S4_SANDBOX names no file with the sandbox's line: start `python3 -m askel_s4_sandbox`")
	}
	line, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var found tenant
	if err := json.Unmarshal(line, &found); err != nil {
		t.Fatal(err)
	}
	found.control(t, http.MethodPost, "/reset-stats", nil)
	t.Cleanup(func() { found.control(t, http.MethodDelete, "/faults", nil) })
	return found
}

// control gives the sandbox a command.
func (s tenant) control(t *testing.T, method, path string, body any) map[string]any {
	t.Helper()
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(method, s.ControlURL+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var found any
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s, %v, %v", method, path, answer.Status, found, err)
	}
	object, _ := found.(map[string]any)
	return object
}

// slow makes each answer of the API take longer than any test waits.
func (s tenant) slow(t *testing.T) {
	t.Helper()
	s.control(t, http.MethodPost, "/faults", map[string]any{
		"fault": "latency", "match": "A_SalesOrder", "args": map[string]any{"ms": 30000},
	})
}

func open(t *testing.T) *askels4.Instance {
	t.Helper()
	directory := t.TempDir()
	key := filepath.Join(directory, "vault.key")
	if err := askels4.CreateKeyFile(key); err != nil {
		t.Fatal(err)
	}
	instance, err := askels4.Open(askels4.InstanceOptions{Vault: filepath.Join(directory, "vault.db"), KeyFile: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { instance.Close() })
	return instance
}

func (s tenant) options() askels4.ConnectionOptions {
	return askels4.ConnectionOptions{
		ID:           "nordvik",
		Host:         s.APIURL,
		TokenURL:     s.TokenURL,
		ClientID:     s.ClientID,
		ClientSecret: s.ClientSecret,
		AllowHost:    []string{"localhost"},
		CAFile:       s.CAFile,
	}
}

// connect gives an instance with the sandbox's connection, and a client of it.
func (s tenant) connect(t *testing.T) (*askels4.Instance, *askels4.Client) {
	t.Helper()
	instance := open(t)
	if err := instance.PutConnection(s.options()); err != nil {
		t.Fatal(err)
	}
	client, err := instance.Client(askels4.ClientOptions{Connection: "nordvik"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return instance, client
}

// read prepares a read of a few orders.
func read(t *testing.T, client *askels4.Client, options askels4.ReadOptions) *askels4.Cursor {
	t.Helper()
	options.Service, options.EntitySet = service, "A_SalesOrder"
	cursor, err := client.Read(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cursor.Close() })
	return cursor
}
