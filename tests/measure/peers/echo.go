// echo: a goroutine per connection on Go's net package.
//
// With -deadline, each read has one. What the library does by itself:
// TCP_NODELAY, SO_REUSEADDR, a backlog of somaxconn, SIGPIPE, and since Go 1.19
// the limit of descriptors. A buffer cannot be shared: a goroutine that waits
// in Read has lent it.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"runtime"
	"time"
)

const inboxSize = 64 * 1024

var deadline = flag.Duration("deadline", 0, "how long a read may take")

func serve(client net.Conn) {
	defer client.Close()
	inbox := make([]byte, inboxSize)
	for {
		if *deadline > 0 {
			client.SetReadDeadline(time.Now().Add(*deadline))
		}
		length, err := client.Read(inbox)
		if err != nil {
			return
		}
		if _, err := client.Write(inbox[:length]); err != nil {
			return
		}
	}
}

func main() {
	version := flag.Bool("version", false, "print Go's version")
	flag.Parse()
	if *version {
		fmt.Println(runtime.Version())
		return
	}
	// Without this each client would cost three setsockopt for keep-alive.
	config := net.ListenConfig{KeepAlive: -1}
	listener, err := config.Listen(context.Background(), "tcp4", "127.0.0.1:"+flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(os.Stderr, "listening on", listener.Addr())
	for {
		client, err := listener.Accept()
		if err != nil {
			time.Sleep(time.Second) // descriptors have run out
			continue
		}
		go serve(client)
	}
}
