// SPDX-License-Identifier: Apache-2.0

package askels4

// #include <askel_s4.h>
import "C"

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// Auth is how the tenant is logged on to.
type Auth int32

const (
	// AuthClientCredentials of OAuth 2.0, at TokenURL.
	AuthClientCredentials Auth = C.ASKEL_S4_AUTH_CLIENT_CREDENTIALS
	// AuthBasic is HTTP Basic with a communication user.
	AuthBasic Auth = C.ASKEL_S4_AUTH_BASIC
)

// ClientAuth is how the OAuth client shows its secret to the token endpoint.
type ClientAuth int32

const (
	// ClientAuthSecretBasic shows it in the Authorization header.
	ClientAuthSecretBasic ClientAuth = C.ASKEL_S4_CLIENT_AUTH_SECRET_BASIC
	// ClientAuthSecretPost shows it in the form body.
	ClientAuthSecretPost ClientAuth = C.ASKEL_S4_CLIENT_AUTH_SECRET_POST
)

// ConnectionOptions are what the customer's basis admin hands over.
type ConnectionOptions struct {
	// ID is the product's own name for this connection.
	ID string
	// Host is the API host: "my300000-api.s4hana.cloud.sap".
	Host string
	Auth Auth
	// TokenURL, ClientID and ClientSecret are for client credentials, User and Password for HTTP Basic.
	TokenURL, ClientID, ClientSecret string
	ClientAuth                       ClientAuth
	Scope                            string
	User, Password                   string
	// AllowHost names hosts that are admitted although they are no S/4HANA Cloud Public Edition hosts.
	AllowHost []string
	// CAFile is a PEM file of the authorities to trust instead of the system's. Read when stored.
	CAFile string
}

// Connection is what is known of a connection, never its secret.
type Connection struct {
	ID         string
	Host       string
	Auth       string
	TokenURL   string `json:"token_url"`
	ClientID   string `json:"client_id"`
	ClientAuth string `json:"client_auth"`
	Scope      string
	User       string
	AllowHost  string `json:"allow_host"`
	HasCA      bool   `json:"has_ca"`
	Generation uint64
	// State is "new", "active", "expired", "unauthorised" or "unreachable".
	State string
	Since time.Time
	// LastProof is when the credential last passed; nil where it never did.
	LastProof *time.Time `json:"last_proof"`
	// LastError is the code of the last failure ("invalid_client"); "" after a success.
	LastError string `json:"last_error"`
}

// PutConnection stores a connection sealed, or replaces the whole credential of one that is there. Nothing is sent:
// Check proves it. To rotate a secret give every member again, AllowHost and CAFile too: what is left out is removed.
func (i *Instance) PutConnection(options ConnectionOptions) error {
	var memory arena
	defer memory.free()
	o := C.askel_s4_connection_options{
		struct_size:   C.sizeof_askel_s4_connection_options,
		id:            memory.text("ID", options.ID),
		host:          memory.text("Host", options.Host),
		auth:          C.int32_t(options.Auth),
		token_url:     memory.text("TokenURL", options.TokenURL),
		client_id:     memory.text("ClientID", options.ClientID),
		client_secret: memory.text("ClientSecret", options.ClientSecret),
		client_auth:   C.int32_t(options.ClientAuth),
		scope:         memory.text("Scope", options.Scope),
		user:          memory.text("User", options.User),
		password:      memory.text("Password", options.Password),
		allow_host:    memory.text("AllowHost", strings.Join(options.AllowHost, ",")),
		ca_file:       memory.text("CAFile", options.CAFile),
	}
	if memory.err != nil {
		return memory.err
	}
	return i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_connection_put(p, &o, object)
	})
}

// Connection tells what is known of a connection.
func (i *Instance) Connection(id string) (Connection, error) {
	var connection Connection
	var memory arena
	defer memory.free()
	name := memory.given("id", id)
	if memory.err != nil {
		return connection, memory.err
	}
	var text *C.char
	err := i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_connection_get(p, name, &text, object)
	})
	if err != nil {
		return connection, err
	}
	return connection, json.Unmarshal([]byte(takeText(text)), &connection)
}

// Connections lists them, ordered by ID.
func (i *Instance) Connections() ([]Connection, error) {
	var text *C.char
	err := i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_connection_list(p, &text, object)
	})
	if err != nil {
		return nil, err
	}
	var connections []Connection
	return connections, json.Unmarshal([]byte(takeText(text)), &connections)
}

// DeleteConnection deletes a connection and its data key. Clients of it answer ErrNotFound from then on. The actor is
// who does it, for the audit trail; "" names nobody.
func (i *Instance) DeleteConnection(id, actor string) error {
	var memory arena
	defer memory.free()
	name, who := memory.given("id", id), memory.text("actor", actor)
	if memory.err != nil {
		return memory.err
	}
	return i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_connection_delete(p, name, who, object)
	})
}

// CheckOptions say how to check a connection.
type CheckOptions struct {
	// Service is a service to probe after the mint; with HTTP Basic it must be given.
	Service string
	// Timeout is the deadline of the whole check; 0 is 30 seconds.
	Timeout time.Duration
}

// CheckResult is a credential that passed.
type CheckResult struct {
	Connection string
	State      string
	// Token is nil with HTTP Basic: there is nothing to mint.
	Token *struct {
		Type      string
		ExpiresIn int64 `json:"expires_in_s"`
		Scope     string
	}
	Service      string
	Milliseconds int64 `json:"ms"`
}

// Check proves the credential, also one that was rejected before: a token is minted and discarded.
func (i *Instance) Check(ctx context.Context, id string, options CheckOptions) (CheckResult, error) {
	var found CheckResult
	var memory arena
	defer memory.free()
	name := memory.given("id", id)
	o := C.askel_s4_check_options{
		struct_size: C.sizeof_askel_s4_check_options,
		service:     memory.text("Service", options.Service),
		timeout_ms:  milliseconds(options.Timeout),
	}
	if memory.err != nil {
		return found, memory.err
	}
	var call *C.askel_s4_call
	err := i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return C.askel_s4_connection_check(p, name, &o, &call, object)
	})
	if err != nil {
		return found, err
	}
	return found, finish(ctx, call, func(call *C.askel_s4_call) error {
		var text *C.char
		var object *C.askel_s4_error
		if err := result(C.askel_s4_call_take_text(call, &text, &object), object); err != nil {
			return err
		}
		return json.Unmarshal([]byte(takeText(text)), &found)
	})
}
