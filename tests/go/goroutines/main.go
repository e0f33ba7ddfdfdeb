// goroutines: a goroutine a connection.
//
// It reads like the server of 02 and waits like that of 04: a goroutine that
// would block is parked, and Go's runtime watches its descriptor.
package main

import (
	"io"
	"log"
	"net"
	"os"
	"time"
)

// Copies until the client has said everything, or until one of the two fails.
func serve(client net.Conn) {
	defer client.Close()
	if _, err := io.Copy(client, client); err != nil {
		log.Println(err)
	}
}

func main() {
	log.SetFlags(0)
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	log.Println("listening on", listener.Addr())
	for {
		client, err := listener.Accept()
		if err != nil {
			// Out of descriptors: the next try would fail at once as well.
			log.Println(err)
			time.Sleep(time.Second)
			continue
		}
		go serve(client)
	}
}
