// go: a goroutine per connection on Go's net package.
//
// What the library does by itself: TCP_NODELAY, SO_REUSEADDR, a backlog of
// somaxconn, SIGPIPE, and since Go 1.19 the limit of descriptors. A buffer
// cannot be shared: a goroutine that waits in Read has lent it.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
)

const bufferSize = 64 * 1024

func serve(client net.Conn) {
	defer client.Close()
	buffer := make([]byte, bufferSize)
	for {
		length, err := client.Read(buffer)
		if err != nil {
			return
		}
		if _, err := client.Write(buffer[:length]); err != nil {
			return
		}
	}
}

func main() {
	// Without this each client would cost three setsockopt for keep-alive.
	config := net.ListenConfig{KeepAlive: -1}
	listener, err := config.Listen(context.Background(), "tcp4", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(os.Stderr, "listening on", listener.Addr())
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(client)
	}
}
