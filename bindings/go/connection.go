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
	// AuthCertificate is a client certificate at the API itself (mutual TLS).
	AuthCertificate Auth = C.ASKEL_S4_AUTH_CERTIFICATE
)

// ClientAuth is how the OAuth client shows to the token endpoint who it is.
type ClientAuth int32

const (
	// ClientAuthSecretBasic shows its secret in the Authorization header.
	ClientAuthSecretBasic ClientAuth = C.ASKEL_S4_CLIENT_AUTH_SECRET_BASIC
	// ClientAuthSecretPost shows its secret in the form body.
	ClientAuthSecretPost ClientAuth = C.ASKEL_S4_CLIENT_AUTH_SECRET_POST
	// ClientAuthCertificate shows a client certificate (mutual TLS), and no secret.
	ClientAuthCertificate ClientAuth = C.ASKEL_S4_CLIENT_AUTH_CERTIFICATE
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
	// TokenParams are, for client credentials, what this tenant's token endpoint wants besides, such as "resource". No
	// secrets: they are shown. When staging, nil takes over the live ones, and an empty slice takes them away.
	TokenParams    []TokenParam
	User, Password string
	// AllowHost names hosts that are admitted although they are no S/4HANA Cloud Public Edition hosts.
	AllowHost []string
	// CAFile is a PEM file of the authorities to trust instead of the system's. Read when stored.
	CAFile string
	// ClientCertificate, with its chain, and ClientKey, not encrypted, are PEM text, for certificates.
	ClientCertificate, ClientKey string
	// ExpiresAt is when the secret or password ends; zero: not known. Of a client certificate its own end counts where
	// that is earlier.
	ExpiresAt time.Time
	// ExpiringDays before the end the state becomes "expiring"; 0 is 14.
	ExpiringDays uint32
	// Actor is who does it, for the audit trail; "" names nobody.
	Actor string
}

// TokenParam is a name and a value that a token endpoint wants beside what OAuth asks for.
type TokenParam struct{ Name, Value string }

// Credential is what is known of a credential, never its secret.
type Credential struct {
	Host       string
	Auth       string
	TokenURL   string `json:"token_url"`
	ClientID   string `json:"client_id"`
	ClientAuth string `json:"client_auth"`
	Scope      string
	// TokenParams are what the token endpoint is told besides.
	TokenParams []TokenParam `json:"token_params"`
	User        string
	AllowHost   string `json:"allow_host"`
	HasCA       bool   `json:"has_ca"`
	// Certificate is nil where there is none.
	Certificate *Certificate
	Generation  uint64
	// State is "new", "active", "expiring" (it works, and its end is near or past), "expired" (the tenant rejected it),
	// "unauthorised" or "unreachable".
	State string
	Since time.Time
	// LastProof is when the credential last passed; nil where it never did.
	LastProof *time.Time `json:"last_proof"`
	// LastError is the code of the last failure ("invalid_client"); "" after a success.
	LastError string `json:"last_error"`
	// ExpiresAt is when it ends; nil where that is not known.
	ExpiresAt *time.Time `json:"expires_at"`
}

// Certificate is a client certificate.
type Certificate struct {
	Subject  string
	NotAfter time.Time `json:"not_after"`
}

// Connection is what is known of a connection and of its live credential.
type Connection struct {
	ID string
	Credential
	// Beside is the credential that stands beside the live one; nil where there is none.
	Beside *Beside
}

// Beside is a credential beside the live one.
type Beside struct {
	// Role is "staged", or "former": the live one until another was promoted.
	Role string
	Credential
}

// PutConnection stores a connection sealed, or replaces the whole credential of one that is there, and removes one that
// stands beside it. Nothing is sent: Check proves it. What is left out is removed. To change a secret without a gap,
// stage the new one: StageConnection.
func (i *Instance) PutConnection(options ConnectionOptions) error {
	return i.put(options, func(
		p *C.askel_s4_instance, o *C.askel_s4_connection_options, object **C.askel_s4_error,
	) C.askel_s4_status {
		return C.askel_s4_connection_put(p, o, object)
	})
}

// StageConnection stores a second credential beside the live one, sealed, to be proven (Check with Beside) before it
// takes over (Promote). When the tenant rejects the live one and this one is proven, the library goes over to it by
// itself, once, with EventCredentialSwitched. One that is staged already is replaced. What is left out is taken over
// from the live credential where Auth is the same (ClientAuth too where ClientID is left out), so that ID and
// ClientSecret are enough for a new secret; ExpiresAt is not taken over.
func (i *Instance) StageConnection(options ConnectionOptions) error {
	return i.put(options, func(
		p *C.askel_s4_instance, o *C.askel_s4_connection_options, object **C.askel_s4_error,
	) C.askel_s4_status {
		return C.askel_s4_connection_stage(p, o, object)
	})
}

func (i *Instance) put(
	options ConnectionOptions,
	function func(*C.askel_s4_instance, *C.askel_s4_connection_options, **C.askel_s4_error) C.askel_s4_status,
) error {
	var memory arena
	defer memory.free()
	params, paramCount := memory.tokenParams(options.TokenParams)
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

		client_certificate: memory.text("ClientCertificate", options.ClientCertificate),
		client_key:         memory.text("ClientKey", options.ClientKey),
		expires_at:         memory.moment("ExpiresAt", options.ExpiresAt),
		expiring_days:      C.uint32_t(options.ExpiringDays),
		actor:              memory.text("Actor", options.Actor),
		token_params:       params,
		token_param_count:  paramCount,
	}
	if memory.err != nil {
		return memory.err
	}
	return i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return function(p, &o, object)
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
	return i.change(id, actor, func(
		p *C.askel_s4_instance, id, actor *C.char, object **C.askel_s4_error,
	) C.askel_s4_status {
		return C.askel_s4_connection_delete(p, id, actor, object)
	})
}

// Promote makes the credential beside the live one the live one, and the live one the former, which can be promoted
// back until it is retired. Clients that are open use it from their next operation on. ErrConflict: none stands beside
// it, or it is not proven. The actor is who does it, for the audit trail; "" names nobody.
func (i *Instance) Promote(id, actor string) error {
	return i.change(id, actor, func(
		p *C.askel_s4_instance, id, actor *C.char, object **C.askel_s4_error,
	) C.askel_s4_status {
		return C.askel_s4_connection_promote(p, id, actor, object)
	})
}

// Retire deletes the credential that stands beside the live one, staged or former. ErrConflict: there is none. The
// actor is who does it, for the audit trail; "" names nobody.
func (i *Instance) Retire(id, actor string) error {
	return i.change(id, actor, func(
		p *C.askel_s4_instance, id, actor *C.char, object **C.askel_s4_error,
	) C.askel_s4_status {
		return C.askel_s4_connection_retire(p, id, actor, object)
	})
}

func (i *Instance) change(
	id, actor string, function func(*C.askel_s4_instance, *C.char, *C.char, **C.askel_s4_error) C.askel_s4_status,
) error {
	var memory arena
	defer memory.free()
	name, who := memory.given("id", id), memory.text("actor", actor)
	if memory.err != nil {
		return memory.err
	}
	return i.with(func(p *C.askel_s4_instance, object **C.askel_s4_error) C.askel_s4_status {
		return function(p, name, who, object)
	})
}

// CheckOptions say how to check a connection.
type CheckOptions struct {
	// Service is a service to probe after the mint; with HTTP Basic it, or Services, must be given.
	Service string
	// Services are, instead, up to 200 services; the result says of each whether it is readable, and that one is not is
	// no error.
	Services []string
	// Timeout is the deadline of the whole check; 0 is 30 seconds.
	Timeout time.Duration
	// Beside proves the credential that stands beside the live one.
	Beside bool
	// Actor is who asks, for the audit trail; "" names nobody.
	Actor string
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
	Service string
	// Services tells of each that was listed how it stands, in their order.
	Services     []ServiceResult
	Milliseconds int64 `json:"ms"`
}

// ServiceResult is how one of the services that were checked stands.
type ServiceResult struct {
	// Service is its path.
	Service string
	// Status is "readable", "not_in_arrangement" (the API refused it to a good credential), "not_found" or "failing".
	Status string
	// HTTPStatus is 0 where no answer came.
	HTTPStatus int `json:"http_status"`
	// Code is SAP's, or the HTTP status, or the library's; "" where it is readable.
	Code, Message string
	Milliseconds  int64 `json:"ms"`
}

// Check proves the credential, also one that was rejected before: a token is minted and discarded.
func (i *Instance) Check(ctx context.Context, id string, options CheckOptions) (CheckResult, error) {
	var found CheckResult
	var memory arena
	defer memory.free()
	name := memory.given("id", id)
	services, serviceCount := memory.texts("Services", options.Services)
	o := C.askel_s4_check_options{
		struct_size: C.sizeof_askel_s4_check_options,
		service:     memory.text("Service", options.Service),
		timeout_ms:  milliseconds(options.Timeout),
		beside:      flag(options.Beside),
		actor:       memory.text("Actor", options.Actor),

		services:      services,
		service_count: serviceCount,
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
		err := called(func(object **C.askel_s4_error) C.askel_s4_status {
			return C.askel_s4_call_take_text(call, &text, object)
		})
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(takeText(text)), &found)
	})
}
