// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

const root = "/sap/opu/odata/sap/" + service

func TestARequestOfTheProductsOwn(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	page, err := client.Do(background, askels4.Request{
		Method: "GET", Path: root + "/$metadata", Header: http.Header{"Accept": {"application/xml"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	if page.HTTPStatus != 200 || !strings.HasPrefix(page.JSON, "<?xml") {
		t.Fatalf("%d %.40s", page.HTTPStatus, page.JSON)
	}
	body, err := json.Marshal(orderBody("raw"))
	if err != nil {
		t.Fatal(err)
	}
	body = []byte(strings.ReplaceAll(string(body), `"RequestedQuantity":2`, `"RequestedQuantity":"2"`))
	created, err := client.Do(background, askels4.Request{
		Method: "POST", Path: root + "/A_SalesOrder", Body: body, Service: service,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer created.Close()
	t.Cleanup(func() { s.control(t, http.MethodPost, "/reset-data", nil) })
	if created.HTTPStatus != 201 || created.ETag == "" || created.Header("location") == "" {
		t.Fatalf("%+v", created)
	}
}

func TestARequestStaysWhereItBelongs(t *testing.T) {
	_, client := sandbox(t).connect(t)
	for _, request := range []askels4.Request{
		{Method: "GET", Path: "//evil.example/"},
		{Method: "GET", Path: "/a\r\nX: y"},
		{Method: "GET", Path: "/a\x00"},
		{Method: "TRACE", Path: "/"},
		{Method: "GET", Path: "/", Header: http.Header{"X-A": {"1\r\nX-B: 2"}}},
		{Method: "GET", Path: "/", Header: http.Header{"Authorization": {"Bearer x"}}},
		{Method: "POST", Path: "/", Service: "../x"},
	} {
		if _, err := client.Do(background, request); !errors.Is(err, askels4.ErrInvalidArgument) {
			t.Errorf("%+v: %v", request, err)
		}
	}
}
