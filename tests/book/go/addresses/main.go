// addresses: several listeners, TCP and Unix, and one function for the bytes.
//
// The shape of a library like evio: you say where to listen and what to do with
// the bytes that arrive. The waiting isn't your business.
package main

import (
	"errors"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// What a server does: called with what a client sent, it returns the answer.
type data func(bytes []byte) (answer []byte)

func serve(client net.Conn, answer data) {
	defer client.Close()
	buffer := make([]byte, 16*1024)
	for {
		length, err := client.Read(buffer)
		if err != nil {
			return
		}
		if _, err := client.Write(answer(buffer[:length])); err != nil {
			return
		}
	}
}

func acceptAll(listener net.Listener, answer data) {
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return // the program stops
		}
		if err != nil {
			log.Println(err)
			time.Sleep(time.Second)
			continue
		}
		go serve(client, answer)
	}
}

func listen(address string) (net.Listener, error) {
	if strings.HasPrefix(address, "unix:") {
		return net.Listen("unix", strings.TrimPrefix(address, "unix:"))
	}
	if !strings.Contains(address, ":") {
		address = "127.0.0.1:" + address // a bare port: this machine only
	}
	return net.Listen("tcp", address)
}

func main() {
	log.SetFlags(0)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	for _, address := range os.Args[1:] {
		listener, err := listen(address)
		if err != nil {
			log.Fatal(err)
		}
		defer listener.Close() // removes the path of a Unix socket
		log.Println("listening on", listener.Addr())
		go acceptAll(listener, func(bytes []byte) []byte { return bytes })
	}
	<-stop
}
