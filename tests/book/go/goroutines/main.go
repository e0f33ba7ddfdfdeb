// goroutines: one goroutine per connection.
//
// It reads like the server of 02 and waits like that of 04: a goroutine that
// would block is parked, and Go's runtime watches its descriptor.
package main

import (
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// One buffer each, because a goroutine that waits in Read has lent it.
func serve(client net.Conn) {
	defer client.Close()
	buffer := make([]byte, 16*1024)
	for {
		length, err := client.Read(buffer)
		if err != nil {
			return // io.EOF, too: the client has sent everything
		}
		if _, err := client.Write(buffer[:length]); err != nil {
			return
		}
	}
}

func acceptAll(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			// Out of descriptors: the next try would fail, too.
			log.Println(err)
			time.Sleep(time.Second)
			continue
		}
		go serve(client)
	}
}

func main() {
	log.SetFlags(0)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	log.Println("listening on", listener.Addr())
	go acceptAll(listener)
	<-stop // when main returns, the program ends, and all goroutines with it
}
