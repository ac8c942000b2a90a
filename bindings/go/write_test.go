// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

// orderBody is a new order with one item.
func orderBody(reference string) map[string]any {
	return map[string]any{
		"SalesOrderType":          "OR",
		"SalesOrganization":       "1010",
		"DistributionChannel":     "10",
		"OrganizationDivision":    "00",
		"SoldToParty":             "10100001",
		"PurchaseOrderByCustomer": reference,
		"to_Item": []map[string]any{
			{"Material": "NM-1000", "RequestedQuantity": askels4.Decimal("2")},
		},
	}
}

// orderOptions name an order; "" is one that is to be created.
func orderOptions(number string) askels4.WriteOptions {
	options := askels4.WriteOptions{Service: service, EntitySet: "A_SalesOrder"}
	if number != "" {
		options.Key, options.Params = "?", []any{number}
	}
	return options
}

// text gives a field that must be there.
func text(t *testing.T, document *askels4.Document, name string) string {
	t.Helper()
	found, err := document.Field(name)
	if err != nil || found.Kind == askels4.FieldAbsent {
		t.Fatalf("%s: %+v, %v", name, found, err)
	}
	return found.Text
}

// create creates an order. What the test did to the data is undone at its end.
func create(t *testing.T, s tenant, client *askels4.Client, body any) *askels4.Document {
	t.Helper()
	options := orderOptions("")
	options.Body = body
	document, err := client.Create(background, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		document.Close()
		s.control(t, http.MethodPost, "/reset-data", nil)
	})
	return document
}

func get(t *testing.T, client *askels4.Client, number string, expand ...string) *askels4.Document {
	t.Helper()
	document, err := client.Get(background, askels4.GetOptions{
		Service: service, EntitySet: "A_SalesOrder", Key: "?", Params: []any{number}, Expand: expand,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { document.Close() })
	return document
}

func TestADocumentIsCreatedChangedAndDeleted(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	body := orderBody(`Größe 7" <€>`)
	body["RequestedDeliveryDate"] = askels4.Date("2027-01-31")
	created := create(t, s, client, body)
	number := text(t, created, "SalesOrder")
	if created.HTTPStatus != 201 || created.ETag == "" || !strings.Contains(created.Header("LOCATION"), number) {
		t.Errorf("%+v, %s", created, created.Header("LOCATION"))
	}
	if created.Header("x-none") != "" || created.Header("a\x00b") != "" {
		t.Error("a header that the answer has not")
	}
	found := get(t, client, number, "to_Item")
	if day := text(t, found, "RequestedDeliveryDate"); day != "2027-01-31T00:00:00Z" {
		t.Error(day)
	}
	if reference := text(t, found, "PurchaseOrderByCustomer"); reference != `Größe 7" <€>` {
		t.Error(reference)
	}
	if items := text(t, found, "to_Item"); strings.Count(items, `"RequestedQuantity"`) != 1 {
		t.Error(items)
	}

	change := orderOptions(number)
	change.Body, change.ETag = json.RawMessage(`{"PurchaseOrderByCustomer": "second"}`), found.ETag
	answer, err := client.Update(background, change)
	if err != nil || answer.HTTPStatus != 204 || answer.JSON != "" {
		t.Fatalf("%+v, %v", answer, err)
	}
	answer.Close()
	_, err = client.Update(background, change)
	var refused *askels4.Error
	if !errors.Is(err, askels4.ErrPreconditionFailed) || !errors.As(err, &refused) || refused.HTTPStatus != 412 ||
		refused.Outcome != askels4.OutcomeNotProcessed {
		t.Errorf("%+v", err)
	}
	change.ETag, change.AnyETag, change.Merge = "", true, true
	change.Body = struct{ PurchaseOrderByCustomer string }{"third"}
	if _, err := client.Update(background, change); err != nil {
		t.Error(err)
	}
	if reference := text(t, get(t, client, number), "PurchaseOrderByCustomer"); reference != "third" {
		t.Error(reference)
	}
	change.Merge, change.Body = false, map[string]any{"SoldToParty": "10100001"}
	if _, err := client.Replace(background, change); err != nil {
		t.Error(err)
	}
	replaced := get(t, client, number)
	if reference := text(t, replaced, "PurchaseOrderByCustomer"); reference != "" {
		t.Error(reference)
	}

	gone := orderOptions(number)
	gone.ETag = replaced.ETag
	if err := client.Delete(background, gone); err != nil {
		t.Fatal(err)
	}
	if err := client.Delete(background, gone); !errors.Is(err, askels4.ErrNotFound) {
		t.Error(err)
	}
	created.Close()
	if created.Header("location") != "" {
		t.Error("a closed document has headers")
	}
}

func TestAnItemBelowAnOrder(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	number := text(t, create(t, s, client, orderBody("below")), "SalesOrder")
	options := orderOptions(number)
	options.Below, options.Body = "to_Item", orderBody("")["to_Item"].([]map[string]any)[0]
	item, err := client.Create(background, options)
	if err != nil {
		t.Fatal(err)
	}
	defer item.Close()
	if text(t, item, "SalesOrder") != number || text(t, item, "SalesOrderItem") != "20" {
		t.Error(item.JSON)
	}
}

func TestALostAnswerIsAnUnknownOutcome(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	create(t, s, client, orderBody("first"))
	fault := map[string]any{"fault": "lost_answer", "match": "A_SalesOrder", "times": 1}
	s.control(t, http.MethodPost, "/faults", fault)
	options := orderOptions("")
	options.Body = orderBody("once")
	_, err := client.Create(background, options)
	var found *askels4.Error
	if !errors.Is(err, askels4.ErrUnknownOutcome) || !errors.As(err, &found) ||
		found.Outcome != askels4.OutcomeUnknown || found.Retryable {
		t.Errorf("%+v", err)
	}
	if made := s.made(t, "once"); made != 1 {
		t.Errorf("%v orders were made", made)
	}
	settle := askels4.SettleOptions{
		Service: options.Service, EntitySet: options.EntitySet, Field: "PurchaseOrderByCustomer", Reference: "once",
	}
	settled, err := client.Settle(background, settle)
	if err != nil || settled.Outcome != "created" || len(settled.Documents) != 1 {
		t.Errorf("%+v, %v", settled, err)
	}
	settle.Reference, settle.Quiet = "never", 100*time.Millisecond
	settled, err = client.Settle(background, settle)
	if err != nil || settled.Outcome != "not_created" || len(settled.Documents) != 0 {
		t.Errorf("%+v, %v", settled, err)
	}
}

func TestAContextThatEndsAWrite(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	create(t, s, client, orderBody("first"))
	fault := map[string]any{
		"fault": "lost_answer", "match": "A_SalesOrder", "times": 1, "args": map[string]any{"how": "stall"},
	}
	s.control(t, http.MethodPost, "/faults", fault)
	options := orderOptions("")
	options.Body = orderBody("cut off")
	ctx, cancel := context.WithTimeout(background, time.Second)
	defer cancel()
	before := time.Now()
	_, err := client.Create(ctx, options)
	var found *askels4.Error
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, askels4.ErrCancelled) || !errors.As(err, &found) ||
		found.Outcome != askels4.OutcomeUnknown || time.Since(before) > soon {
		t.Errorf("%+v after %v", err, time.Since(before))
	}
	// One that is over by now sends nothing.
	options.Body = orderBody("never")
	_, err = client.Create(ctx, options)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, askels4.ErrCancelled) || !errors.As(err, &found) ||
		found.Outcome != askels4.OutcomeNotSent {
		t.Errorf("%+v", err)
	}
	if cut, never := s.made(t, "cut off"), s.made(t, "never"); cut != 1 || never != 0 {
		t.Errorf("%v and %v orders were made", cut, never)
	}
}

// made is how many orders of a reference the sandbox made, whether their answers arrived or not.
func (s tenant) made(t *testing.T, reference string) float64 {
	t.Helper()
	created, _ := s.control(t, http.MethodGet, "/stats", nil)["created_by_reference"].(map[string]any)
	count, _ := created[reference].(float64)
	return count
}

func TestWhatCannotBeRightIsNotSent(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	for about, each := range map[string]struct {
		change func(*askels4.WriteOptions)
		write  func(context.Context, askels4.WriteOptions) (*askels4.Document, error)
	}{
		"body: ":        {func(o *askels4.WriteOptions) { o.Body = nil }, client.Update},
		"JSON object":   {func(o *askels4.WriteOptions) { o.Body = []int{1} }, client.Update},
		"Inf":           {func(o *askels4.WriteOptions) { o.Body = math.Inf(1) }, client.Update},
		"no date":       {func(o *askels4.WriteOptions) { o.Body = []any{askels4.Date("soon")} }, client.Update},
		"is missing":    {func(o *askels4.WriteOptions) { o.ETag = "" }, client.Update},
		"etag: is none": {func(o *askels4.WriteOptions) { o.ETag = "x\r\nAuthorization: y" }, client.Update},
		"any_etag":      {func(o *askels4.WriteOptions) { o.AnyETag = true }, client.Replace},
		"navigation":    {func(o *askels4.WriteOptions) { o.Below = "to_Item" }, client.Replace},
		"Merge is":      {func(o *askels4.WriteOptions) { o.Merge = true }, client.Replace},
		"key: ":         {func(o *askels4.WriteOptions) { o.ETag = "" }, client.Create},
		"ETag":          {func(o *askels4.WriteOptions) { o.ETag = "a\x00b" }, client.Update},
	} {
		options := orderOptions("1")
		options.Body, options.ETag = map[string]any{"PurchaseOrderByCustomer": "1"}, "x"
		each.change(&options)
		_, err := each.write(background, options)
		if !errors.Is(err, askels4.ErrInvalidArgument) || !strings.Contains(fmt.Sprint(err), about) {
			t.Errorf("%s: %v", about, err)
		}
	}
	options := orderOptions("1")
	options.Body, options.ETag = map[string]any{}, "x"
	if err := client.Delete(background, options); !errors.Is(err, askels4.ErrInvalidArgument) {
		t.Error(err)
	}
	if writes, _ := s.control(t, http.MethodGet, "/stats", nil)["writes"].(map[string]any); len(writes) != 0 {
		t.Error(writes)
	}
	client.Close()
	options.Body = nil
	if err := client.Delete(background, options); !errors.Is(err, askels4.ErrClosed) {
		t.Error(err)
	}
}

func TestWhatAMapHoldsTakesTheFormOfOData(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	body := orderBody("forms")
	noon := time.Date(2027, 1, 31, 13, 0, 0, 0, time.FixedZone("somewhere", 3600))
	body["PricingDate"], body["to_Item"] = time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC), []any{map[string]any{
		"Material": "NM-1000", "RequestedQuantity": askels4.Decimal("2.5"), "PricingDate": noon,
	}}
	number := text(t, create(t, s, client, body), "SalesOrder")
	found := get(t, client, number, "to_Item")
	if day := text(t, found, "PricingDate"); day != "2027-02-01T00:00:00Z" {
		t.Error(day)
	}
	// The tenant keeps the day.
	if items := text(t, found, "to_Item"); !strings.Contains(items, "Date(1801353600000)") {
		t.Error(items)
	}
	if given := body["to_Item"].([]any)[0].(map[string]any)["PricingDate"]; given != noon {
		t.Error("the body that was given is changed")
	}
}

func TestAnETagThatIsWanted(t *testing.T) {
	s := sandbox(t)
	_, client := s.connect(t)
	number := text(t, create(t, s, client, orderBody("etag")), "SalesOrder")
	s.control(t, http.MethodPost, "/faults", map[string]any{
		"fault": "status", "match": "A_SalesOrder(", "args": map[string]any{"code": 428},
	})
	options := orderOptions(number)
	options.Body, options.AnyETag = map[string]any{"PurchaseOrderByCustomer": "x"}, true
	if _, err := client.Update(background, options); !errors.Is(err, askels4.ErrPreconditionRequired) {
		t.Error(err)
	}
}
