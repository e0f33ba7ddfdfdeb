// channels: N workers behind a bounded channel of connections.
//
// When all workers are busy and the channel is full, the send into it waits,
// and so does accepting: clients stay in the backlog, where the kernel keeps
// them. Each connection has one owner at a time, and the last one closes it.
package main

import (
	"flag"
	"io"
	"log"
	"net"
	"time"
)

var workers = flag.Int("workers", 4, "how many clients are served at a time")

func serve(client net.Conn) {
	defer client.Close()
	if _, err := io.Copy(client, client); err != nil {
		log.Println(err)
	}
}

func work(clients <-chan net.Conn) {
	for client := range clients {
		serve(client)
	}
}

func main() {
	log.SetFlags(0)
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:"+flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	log.Println("listening on", listener.Addr())

	clients := make(chan net.Conn, *workers)
	for i := 0; i < *workers; i++ {
		go work(clients)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Println(err)
			time.Sleep(time.Second)
			continue
		}
		clients <- client
	}
}
