// SPDX-License-Identifier: Apache-2.0

package askels4_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

var background = context.Background()

func rows(t *testing.T, cursor *askels4.Cursor) int {
	t.Helper()
	count := 0
	for cursor.Next(background) {
		count++
	}
	if err := cursor.Err(); err != nil {
		t.Fatal(err)
	}
	return count
}

func TestOpenOrdersOfThirtyDays(t *testing.T) {
	s := sandbox(t)
	instance, client := s.connect(t)
	result, err := instance.Check(background, "nordvik", askels4.CheckOptions{})
	if err != nil || result.State != "active" || result.Token == nil || result.Token.Type != "bearer" {
		t.Fatalf("%+v, %v", result, err)
	}
	today, err := time.Parse("2006-01-02", s.Today)
	if err != nil {
		t.Fatal(err)
	}
	since := askels4.Date(today.AddDate(0, 0, -30).Format("2006-01-02"))
	orders, err := client.SalesOrders(askels4.SalesOrderOptions{CreatedFrom: since})
	if err != nil {
		t.Fatal(err)
	}
	defer orders.Close()
	if count := rows(t, orders); count != s.OpenOrders {
		t.Errorf("%d orders came, not %d", count, s.OpenOrders)
	}
	receipt, err := orders.Receipt()
	if err != nil || receipt.Verdict != askels4.VerdictChainUnbroken || receipt.Rows != uint64(s.OpenOrders) {
		t.Errorf("%+v, %v", receipt, err)
	}
	if receipt.Mints != receipt.Requests+receipt.MintsUnused || receipt.MintsUnused > 1 {
		t.Errorf("%d tokens for %d requests, %d unused", receipt.Mints, receipt.Requests, receipt.MintsUnused)
	}
}

func TestFieldsAndItems(t *testing.T) {
	_, client := sandbox(t).connect(t)
	orders, err := client.SalesOrders(askels4.SalesOrderOptions{Delivery: askels4.DeliveryPartial, WithItems: true})
	if err != nil {
		t.Fatal(err)
	}
	defer orders.Close()
	if !orders.Next(background) {
		t.Fatal(orders.Err())
	}
	for name, kind := range map[string]askels4.FieldKind{
		"SalesOrder": askels4.FieldText, "TotalNetAmount": askels4.FieldNumber, "CreationDate": askels4.FieldDateTime,
		"to_Item": askels4.FieldJSON, "NoSuchProperty": askels4.FieldAbsent,
	} {
		if found, err := orders.Field(name); err != nil || found.Kind != kind {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, orders.Text("LastChangeDateTime")); err != nil {
		t.Error(err)
	}
	text, err := orders.JSON()
	if err != nil || !json.Valid([]byte(text)) {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := orders.Field("a\x00b"); !errors.Is(err, askels4.ErrInvalidArgument) {
		t.Error(err)
	}
}

func TestParametersOfEveryType(t *testing.T) {
	_, client := sandbox(t).connect(t)
	first := read(t, client, askels4.ReadOptions{Top: 1})
	if !first.Next(background) {
		t.Fatal(first.Err())
	}
	key := first.Text("SalesOrder")
	changed, err := time.Parse(time.RFC3339Nano, first.Text("LastChangeDateTime"))
	if err != nil {
		t.Fatal(err)
	}
	for filter, value := range map[string]any{
		"TotalNetAmount eq ?":            askels4.Decimal(first.Text("TotalNetAmount")),
		"TotalNetAmount ge ?":            0,
		"TotalNetAmount gt ?":            int64(-1),
		"CreationDate eq ?":              askels4.Date(first.Text("CreationDate")[:10]),
		"LastChangeDateTime ge ?":        changed.In(time.FixedZone("somewhere", 3600)),
		"CompleteDeliveryIsDefined eq ?": first.Text("CompleteDeliveryIsDefined") == "true",
		"SoldToParty eq ?":               first.Text("SoldToParty"),
		"CreationDate ne ?":              nil,
	} {
		options := askels4.ReadOptions{Filter: "SalesOrder eq ? and " + filter, Params: []any{key, value}}
		if count := rows(t, read(t, client, options)); count != 1 {
			t.Errorf("%s with %v: %d rows", filter, value, count)
		}
	}
	for _, value := range []any{askels4.TimeOfDay("09:30:00"), askels4.GUID("25fae728-0000-0000-0000-00000000abcd")} {
		cursor := read(t, client, askels4.ReadOptions{Filter: "TotalNetAmount eq ?", Params: []any{value}})
		if cursor.Next(background) || !errors.Is(cursor.Err(), askels4.ErrInvalidArgument) {
			t.Errorf("%T: %v", value, cursor.Err())
		}
	}
	_, err = client.Read(askels4.ReadOptions{
		Service: service, EntitySet: "A_SalesOrder", Filter: "TotalNetAmount eq ?", Params: []any{1.5},
	})
	if !errors.Is(err, askels4.ErrInvalidArgument) || !strings.Contains(err.Error(), "use Decimal") {
		t.Error(err)
	}
}

func TestOneDocument(t *testing.T) {
	_, client := sandbox(t).connect(t)
	options := askels4.GetOptions{
		Service: service, EntitySet: "A_SalesOrderItem", Key: "SalesOrder=?,SalesOrderItem=?",
		Params: []any{"8005", "10"},
	}
	document, err := client.Get(background, options)
	if err != nil {
		t.Fatal(err)
	}
	quantity, err := document.Field("RequestedQuantity")
	if err != nil || quantity.Kind != askels4.FieldNumber || document.HTTPStatus != 200 || document.JSON == "" {
		t.Errorf("%+v, %v, %+v", quantity, err, document)
	}
	document.Close()
	document.Close()
	if _, err := document.Field("RequestedQuantity"); !errors.Is(err, askels4.ErrClosed) {
		t.Error(err)
	}
	options.Params = []any{"8005", "990"}
	_, err = client.Get(background, options)
	var found *askels4.Error
	if !errors.Is(err, askels4.ErrNotFound) || !errors.As(err, &found) || found.HTTPStatus != 404 {
		t.Error(err)
	}
}

func TestBasicAuthentication(t *testing.T) {
	s := sandbox(t)
	instance := open(t)
	options := s.options()
	options.Auth, options.User, options.Password = askels4.AuthBasic, s.User, s.Password
	options.TokenURL, options.ClientID, options.ClientSecret = "", "", ""
	if err := instance.PutConnection(options); err != nil {
		t.Fatal(err)
	}
	result, err := instance.Check(background, "nordvik", askels4.CheckOptions{Service: service})
	if err != nil || result.Token != nil || !strings.HasSuffix(result.Service, service) {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestConnectionsStatusAndEvents(t *testing.T) {
	s := sandbox(t)
	instance, _ := s.connect(t)
	options := s.options()
	options.ID, options.ClientSecret = "wrong", "wrong"
	if err := instance.PutConnection(options); err != nil {
		t.Fatal(err)
	}
	_, err := instance.Check(background, "wrong", askels4.CheckOptions{})
	var found *askels4.Error
	if !errors.Is(err, askels4.ErrCredentialExpired) || !errors.As(err, &found) || found.SAPCode != "invalid_client" {
		t.Errorf("%+v", err)
	}
	connection, err := instance.Connection("wrong")
	if err != nil || connection.State != "expired" || connection.Since.IsZero() ||
		connection.LastError != "invalid_client" {
		t.Errorf("%+v, %v", connection, err)
	}
	if untried, err := instance.Connection("nordvik"); err != nil || untried.LastError != "" {
		t.Errorf("%+v, %v", untried, err)
	}
	event, err := instance.NextEvent()
	if err != nil || event == nil || event.Kind != askels4.EventConnectionState || event.Connection != "wrong" ||
		event.To != "expired" || event.Code != "invalid_client" || time.Since(event.At) > time.Minute {
		t.Errorf("%+v, %v", event, err)
	}
	if event, err := instance.NextEvent(); event != nil || err != nil {
		t.Errorf("%+v, %v", event, err)
	}
	if all, err := instance.Connections(); err != nil || len(all) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	if err := instance.DeleteConnection("wrong", ""); err != nil {
		t.Error(err)
	}
	if _, err := instance.Connection("wrong"); !errors.Is(err, askels4.ErrNotFound) {
		t.Error(err)
	}
	if status, err := instance.Status(); err != nil || status.Connections != 1 || status.Version != askels4.Version() {
		t.Errorf("%+v, %v", status, err)
	}
	options.Host = "http://my300000-api.s4hana.cloud.sap"
	if err := instance.PutConnection(options); !errors.Is(err, askels4.ErrHostRefused) {
		t.Error(err)
	}
}

func TestStatusTexts(t *testing.T) {
	if text := askels4.SalesOrderStatusText("OverallDeliveryStatus", "B"); text == "" {
		t.Error("no text for a code that is known")
	}
	if text := askels4.SalesOrderStatusText("Colour", "B"); text != "" {
		t.Error(text)
	}
}
