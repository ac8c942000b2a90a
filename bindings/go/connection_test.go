// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"errors"
	"net/http"
	"reflect"
	"testing"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

func TestTokenParamsAreSentAndShown(t *testing.T) {
	s := sandbox(t)
	want := func(params map[string]any) {
		s.control(t, http.MethodPost, "/settings", map[string]any{"token_params": params})
	}
	want(map[string]any{"resource": "urn:a b"})
	t.Cleanup(func() { want(map[string]any{}) })
	instance := open(t)
	options := s.options()
	if err := instance.PutConnection(options); err != nil {
		t.Fatal(err)
	}
	if _, err := instance.Check(background, "nordvik", askels4.CheckOptions{}); !errors.Is(err, askels4.ErrServiceError) {
		t.Errorf("without it: %v", err)
	}
	options.TokenParams = []askels4.TokenParam{{Name: "resource", Value: "urn:a b"}}
	if err := instance.PutConnection(options); err != nil {
		t.Fatal(err)
	}
	if _, err := instance.Check(background, "nordvik", askels4.CheckOptions{}); err != nil {
		t.Error(err)
	}
	// nil takes them over, and an empty slice takes them away.
	for _, each := range []struct{ given, staged []askels4.TokenParam }{
		{nil, options.TokenParams}, {[]askels4.TokenParam{}, []askels4.TokenParam{}},
	} {
		if err := instance.StageConnection(askels4.ConnectionOptions{ID: "nordvik", TokenParams: each.given}); err != nil {
			t.Fatal(err)
		}
		found, err := instance.Connection("nordvik")
		if err != nil || !reflect.DeepEqual(found.TokenParams, options.TokenParams) ||
			!reflect.DeepEqual(found.Beside.TokenParams, each.staged) {
			t.Errorf("%+v, %v", found, err)
		}
	}
	options.TokenParams[0].Name = "client_secret"
	if err := instance.PutConnection(options); !errors.Is(err, askels4.ErrInvalidArgument) {
		t.Error(err)
	}
}

func TestACheckOfManyServices(t *testing.T) {
	instance, _ := sandbox(t).connect(t)
	result, err := instance.Check(background, "nordvik", askels4.CheckOptions{
		Services: []string{service, "API_BUSINESS_PARTNER"},
	})
	if err != nil || result.State != "unauthorised" || len(result.Services) != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
	open, closed := result.Services[0], result.Services[1]
	if open.Status != "readable" || open.HTTPStatus != 200 || open.Service != "/sap/opu/odata/sap/"+service {
		t.Errorf("%+v", open)
	}
	if closed.Status != "not_in_arrangement" || closed.HTTPStatus != 403 || closed.Code == "" || closed.Message == "" {
		t.Errorf("%+v", closed)
	}
	_, err = instance.Check(background, "nordvik", askels4.CheckOptions{Services: make([]string, 201)})
	if !errors.Is(err, askels4.ErrInvalidArgument) {
		t.Error(err)
	}
}

func TestACallMayShareOneToken(t *testing.T) {
	instance, _ := sandbox(t).connect(t)
	// Eight pages and $metadata.
	for policy, sent := range map[askels4.MintPolicy]uint64{askels4.MintPerCall: 1, askels4.MintPerRequest: 9} {
		client, err := instance.Client(askels4.ClientOptions{Connection: "nordvik", MintPolicy: policy})
		if err != nil {
			t.Fatal(err)
		}
		cursor := read(t, client, askels4.ReadOptions{Select: []string{"SalesOrder"}, PageSize: 10, Top: 80})
		if count := rows(t, cursor); count != 80 {
			t.Errorf("%d rows", count)
		}
		receipt, err := cursor.Receipt()
		if err != nil || receipt.Mints-receipt.MintsUnused != sent {
			t.Errorf("%v: %+v, %v", policy, receipt, err)
		}
		client.Close()
	}
	if _, err := instance.Client(askels4.ClientOptions{Connection: "nordvik", MintPolicy: 2}); err == nil {
		t.Error("a policy that is none was taken")
	}
}
