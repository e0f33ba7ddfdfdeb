// deadline: a client that moves no byte for a while is closed.
//
// One deadline for both directions: a client that does not read is as idle as
// one that does not send. Every byte that moves renews it, so a large message to
// a slow client is written in pieces.
package main

import (
	"errors"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const pieceSize = 16 * 1024

var (
	timeout = flag.Duration("timeout", 5*time.Second, "idle time allowed")
	lastTry = flag.Duration("last-try", 10*time.Millisecond,
		"for a client that is late, to find bytes that are there")
)

// A write that takes a piece in part before its deadline has made progress.
func writeAll(client net.Conn, bytes []byte) error {
	for len(bytes) > 0 {
		client.SetDeadline(time.Now().Add(*timeout))
		written, err := client.Write(bytes)
		bytes = bytes[written:]
		late := errors.Is(err, os.ErrDeadlineExceeded)
		if written == 0 || (err != nil && !late) {
			return err
		}
	}
	return nil
}

func serve(client net.Conn) {
	defer client.Close()
	piece := make([]byte, pieceSize)
	for {
		client.SetDeadline(time.Now().Add(*timeout))
		length, err := client.Read(piece)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			// That doesn't say whether bytes arrived in the meantime.
			client.SetDeadline(time.Now().Add(*lastTry))
			length, err = client.Read(piece)
		}
		if err == nil {
			err = writeAll(client, piece[:length])
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			log.Printf("%v closed: idle for %v", client.RemoteAddr(), *timeout)
		}
		if err != nil {
			return
		}
	}
}

func acceptAll(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Println(err)
			time.Sleep(time.Second)
			continue
		}
		go serve(client)
	}
}

func main() {
	log.SetFlags(0)
	flag.Parse()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	listener, err := net.Listen("tcp", "127.0.0.1:"+flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	log.Println("listening on", listener.Addr())
	go acceptAll(listener)
	<-stop // when main returns, the program ends, and all goroutines with it
}
