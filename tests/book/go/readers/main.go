// readers: one goroutine per client that reads, one that writes, and a channel
// of bytes between them.
//
// A goroutine that waits at a channel waits for other code of ours. No client,
// no deadline and no Close wakes it, so the one that receives must go on until
// the one that sends has closed the channel.
package main

import (
	"flag"
	"log"
	"net"
	"runtime"
	"time"
)

var careless = flag.Bool("careless", false, "leave the channel when Write fails")

func read(client net.Conn, pieces chan<- []byte) {
	defer close(pieces)
	for {
		piece := make([]byte, 1024) // the writer owns it from the send on
		length, err := client.Read(piece)
		if err != nil {
			return
		}
		pieces <- piece[:length]
	}
}

func serve(client net.Conn) {
	defer client.Close()
	pieces := make(chan []byte)
	go read(client, pieces)
	for piece := range pieces {
		if _, err := client.Write(piece); err != nil {
			break
		}
	}
	if *careless {
		return
	}
	client.Close() // ends the Read, if it is there that the reader waits
	for range pieces {
		// and this ends its send
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
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Println(err)
			time.Sleep(time.Second)
			continue
		}
		log.Println("accepted; goroutines so far:", runtime.NumGoroutine())
		go serve(client)
	}
}
