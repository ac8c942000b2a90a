// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

const service4 = "/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001"

// settings changes settings of the sandbox for one test.
func (s tenant) settings(t *testing.T, change, back map[string]any) {
	t.Helper()
	s.control(t, http.MethodPost, "/settings", change)
	t.Cleanup(func() { s.control(t, http.MethodPost, "/settings", back) })
}

// release is a call of the function import that releases an order.
func release(number any) askels4.InvokeOptions {
	return askels4.InvokeOptions{
		Service: service, Operation: "releaseApprovalRequest",
		Arguments: []askels4.Argument{{Name: "SalesOrder", Value: number}},
	}
}

func TestAFunctionImportIsCalled(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	s.settings(t, map[string]any{"approval_on_create": "A"}, map[string]any{"approval_on_create": ""})
	number := text(t, create(t, s, client, orderBody("approval")), "SalesOrder")
	answer, err := client.Invoke(background, release(number))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Close()
	if answer.HTTPStatus != 200 || text(t, answer, "Boolean") != "true" {
		t.Errorf("%+v", answer)
	}
	// A second one has an effect too, and its answer is lost.
	number = text(t, create(t, s, client, orderBody("approval")), "SalesOrder")
	s.control(t, http.MethodPost, "/faults", map[string]any{
		"fault": "lost_answer", "match": "releaseApprovalRequest", "times": 1,
	})
	if _, err := client.Invoke(background, release(number)); !errors.Is(err, askels4.ErrUnknownOutcome) {
		t.Error(err)
	}
}

func TestWhatDoesNotFitAnOperationIsNotSent(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	get(t, client, text(t, create(t, s, client, orderBody("known")), "SalesOrder"))
	s.control(t, http.MethodPost, "/reset-stats", nil)
	for about, change := range map[string]func(*askels4.InvokeOptions){
		"service":        func(o *askels4.InvokeOptions) { o.Service = "../x" },
		"operation":      func(o *askels4.InvokeOptions) { o.Operation = "release?x" },
		"key: ":          func(o *askels4.InvokeOptions) { o.Key = "'1'" },
		"params: ":       func(o *askels4.InvokeOptions) { o.Params = []any{"1"} },
		"SalesOrdr":      func(o *askels4.InvokeOptions) { o.Arguments[0].Name = "SalesOrdr" },
		"Arguments":      func(o *askels4.InvokeOptions) { o.Arguments[0].Name = "a\x00b" },
		"SalesOrder":     func(o *askels4.InvokeOptions) { o.Arguments[0].Value = 1 },
		"float64":        func(o *askels4.InvokeOptions) { o.Arguments[0].Value = 1.5 },
		"body: ":         func(o *askels4.InvokeOptions) { o.Body = map[string]any{} },
		"no date":        func(o *askels4.InvokeOptions) { o.Body = askels4.Date("soon") },
		"any_etag":       func(o *askels4.InvokeOptions) { o.ETag, o.AnyETag = "x", true },
		"etag: is none":  func(o *askels4.InvokeOptions) { o.ETag = "x\r\nHost: y" },
		"timeout_ms: ":   func(o *askels4.InvokeOptions) { o.Timeout = -time.Second },
		"traceparent: ":  func(o *askels4.InvokeOptions) { o.Traceparent = "x" },
		"entity_set: is": func(o *askels4.InvokeOptions) { o.EntitySet = "A/B" },
	} {
		options := release("1")
		change(&options)
		_, err := client.Invoke(background, options)
		if !errors.Is(err, askels4.ErrInvalidArgument) || !strings.Contains(fmt.Sprint(err), about) {
			t.Errorf("%s: %v", about, err)
		}
	}
	options := release("1")
	options.Operation = "releaseAprovalRequest"
	var found *askels4.Error
	_, err := client.Invoke(background, options)
	if !errors.Is(err, askels4.ErrNotFound) || !errors.As(err, &found) || found.Outcome != askels4.OutcomeNotSent {
		t.Errorf("%+v", err)
	}
	over, cancel := context.WithCancel(background)
	cancel()
	_, err = client.Invoke(over, release("1"))
	if !errors.Is(err, context.Canceled) || !errors.As(err, &found) || found.Outcome != askels4.OutcomeNotSent {
		t.Errorf("%+v", err)
	}
	requests, _ := s.control(t, http.MethodGet, "/stats", nil)["requests"].(map[string]any)
	if api, _ := requests["api"].(map[string]any); api["total"] != nil && api["total"] != 0.0 {
		t.Error(api)
	}
}

func TestADocumentOfV4(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	body := orderBody("four")
	delete(body, "to_Item")
	body["RequestedDeliveryDate"] = askels4.Date("2027-01-31")
	body["_Item"] = []any{map[string]any{"Product": "NM-1000", "RequestedQuantity": askels4.Decimal("2.5")}}
	created, err := client.Create(background, askels4.WriteOptions{Service: service4, EntitySet: "SalesOrder", Body: body})
	if err != nil {
		t.Fatal(err)
	}
	defer created.Close()
	t.Cleanup(func() { s.control(t, http.MethodPost, "/reset-data", nil) })
	found, err := client.Get(background, askels4.GetOptions{
		Service: service4, EntitySet: "SalesOrder", Key: "?", Params: []any{text(t, created, "SalesOrder")},
		Expand: []string{"_Item"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	if found.ETag == "" || found.ETag != created.ETag || text(t, found, "PurchaseOrderByCustomer") != "four" {
		t.Errorf("%+v", found)
	}
	if !strings.HasPrefix(text(t, found, "RequestedDeliveryDate"), "2027-01-31") ||
		!strings.Contains(text(t, found, "_Item"), `"RequestedQuantity":2.5`) {
		t.Error(found.JSON)
	}
}

func TestARepeatableWriteComesThroughALostAnswer(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	lost := map[string]any{"fault": "lost_answer", "match": "A_SalesOrder", "times": 1}
	for reference, knows := range map[string]bool{"again": true, "twice": false} {
		s.settings(t, map[string]any{"repeatable": knows}, map[string]any{"repeatable": false})
		s.control(t, http.MethodPost, "/faults", lost)
		options := orderOptions("")
		options.Body, options.Repeatable = orderBody(reference), true
		document, err := client.Create(background, options)
		t.Cleanup(func() { s.control(t, http.MethodPost, "/reset-data", nil) })
		switch made := s.made(t, reference); {
		case knows && (err != nil || made != 1 || document.Header("RepeatabilityResult") != "accepted"):
			t.Errorf("%v, %v orders were made", err, made)
		case !knows && (!errors.Is(err, askels4.ErrUnknownOutcome) || made != 2):
			t.Errorf("%v, %v orders were made", err, made)
		}
	}
}
