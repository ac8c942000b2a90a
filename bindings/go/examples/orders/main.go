// SPDX-License-Identifier: Apache-2.0

// Orders prints the open sales orders of a tenant and the receipt of the read.
//
// It takes the connection from the environment: S4_HOST, S4_TOKEN_URL, S4_CLIENT_ID, S4_CLIENT_SECRET, and, for
// a sandbox, S4_CA_FILE and S4_ALLOW_HOST. Ctrl-C ends the read.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	askels4 "github.com/askel-s4/askel-s4/bindings/go"
)

func main() {
	// log.Fatal runs nothing that was deferred: what is opened is opened and closed in run.
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	options := connection()
	directory, err := os.MkdirTemp("", "askel-s4-orders-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	key := filepath.Join(directory, "vault.key")
	if err := askels4.CreateKeyFile(key); err != nil {
		return err
	}
	instance, err := askels4.Open(askels4.InstanceOptions{Vault: filepath.Join(directory, "vault.db"), KeyFile: key})
	if err != nil {
		return err
	}
	defer instance.Close()
	if err := instance.PutConnection(options); err != nil {
		return err
	}
	client, err := instance.Client(askels4.ClientOptions{Connection: "tenant"})
	if err != nil {
		return err
	}
	defer client.Close()
	return list(ctx, client)
}

func connection() askels4.ConnectionOptions {
	options := askels4.ConnectionOptions{
		ID:           "tenant",
		Host:         os.Getenv("S4_HOST"),
		TokenURL:     os.Getenv("S4_TOKEN_URL"),
		ClientID:     os.Getenv("S4_CLIENT_ID"),
		ClientSecret: os.Getenv("S4_CLIENT_SECRET"),
		CAFile:       os.Getenv("S4_CA_FILE"),
	}
	if hosts := os.Getenv("S4_ALLOW_HOST"); hosts != "" {
		options.AllowHost = strings.Split(hosts, ",")
	}
	return options
}

func list(ctx context.Context, client *askels4.Client) error {
	orders, err := client.SalesOrders(askels4.SalesOrderOptions{})
	if err != nil {
		return err
	}
	defer orders.Close()
	for orders.Next(ctx) {
		status := askels4.SalesOrderStatusText("OverallDeliveryStatus", orders.Text("OverallDeliveryStatus"))
		fmt.Println(orders.Text("SalesOrder"), orders.Text("SoldToParty"), orders.Text("TotalNetAmount"),
			orders.Text("TransactionCurrency"), status)
	}
	if err := orders.Err(); err != nil {
		return err
	}
	receipt, err := orders.Receipt()
	if err != nil {
		return err
	}
	fmt.Printf("%d orders in %d pages, %d tokens minted, %v: %s\n",
		receipt.Rows, receipt.Pages, receipt.Mints, receipt.Elapsed, receipt.Text)
	return nil
}
