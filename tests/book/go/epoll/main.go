//go:build linux

// epoll: the loop that Go's runtime has, by hand: edge-triggered.
//
// An edge is reported once. So a client that is ready moves bytes until the kernel
// says "not now" (EAGAIN), which isn't the end of anything, and what the socket
// would not take is kept. Only the listener is level-triggered: it may pause.
package main

import (
	"log"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const (
	edge  = 1 << 31 // EPOLLET: the constant of the package is negative
	turns = 16      // reads before the others have a turn
)

type client struct {
	fd     int
	unsent []byte
}

var (
	poller  int
	clients = map[int]*client{}
	buffer  = make([]byte, 64*1024) // one for all clients: no read waits
)

func watch(operation, fd int, events uint32) {
	event := syscall.EpollEvent{Events: events, Fd: int32(fd)}
	if err := syscall.EpollCtl(poller, operation, fd, &event); err != nil {
		log.Fatal("epoll_ctl: ", err)
	}
}

// What the socket does not take is kept. Then the error is EAGAIN, and an edge
// will say when there is room.
func (c *client) send(bytes []byte) error {
	for len(bytes) > 0 {
		written, err := syscall.Write(c.fd, bytes)
		if err != nil {
			c.unsent = append(c.unsent[:0], bytes...)
			return err
		}
		bytes = bytes[written:]
	}
	c.unsent = nil
	return nil
}

// Moves bytes until one side would have to wait. False when it is over.
func (c *client) advance() bool {
	if err := c.send(c.unsent); err != nil {
		return err == syscall.EAGAIN
	}
	for turn := 0; turn < turns; turn++ {
		length, err := syscall.Read(c.fd, buffer)
		if err != nil {
			return err == syscall.EAGAIN
		}
		if length == 0 {
			return false
		}
		if err := c.send(buffer[:length]); err != nil {
			return err == syscall.EAGAIN
		}
	}
	// There may be more: re-arm, so that it is reported again.
	watch(syscall.EPOLL_CTL_MOD, c.fd, syscall.EPOLLIN|syscall.EPOLLOUT|edge)
	return true
}

// Returns until when the listener pauses; zero if it does not.
func accept(listener int) time.Time {
	fd, _, err := syscall.Accept4(listener, syscall.SOCK_NONBLOCK)
	if err == syscall.EAGAIN || err == syscall.ECONNABORTED {
		return time.Time{}
	}
	if err != nil {
		log.Print("accept: ", err)
		watch(syscall.EPOLL_CTL_MOD, listener, 0)
		return time.Now().Add(time.Second)
	}
	clients[fd] = &client{fd: fd}
	watch(syscall.EPOLL_CTL_ADD, fd, syscall.EPOLLIN|syscall.EPOLLOUT|edge)
	return time.Time{}
}

// How long to wait, in milliseconds, rounded up; -1 without a limit.
func left(until time.Time) int {
	if until.IsZero() {
		return -1
	}
	ms := time.Until(until).Milliseconds() + 1
	if ms < 0 {
		return 0
	}
	return int(ms)
}

func listen(text string) int {
	port, err := strconv.Atoi(text)
	if err != nil {
		log.Fatal(err)
	}
	name := &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err == nil {
		err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	}
	if err == nil {
		err = syscall.Bind(fd, name)
	}
	if err == nil {
		err = syscall.Listen(fd, syscall.SOMAXCONN)
	}
	if err != nil {
		log.Fatal("cannot listen on port ", port, ": ", err)
	}
	bound, _ := syscall.Getsockname(fd)
	log.Printf("listening on 127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port)
	return fd
}

// The loop waits in a call of its own, so a goroutine waits for signals.
func stopAtSignal() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop
		os.Exit(0)
	}()
}

func main() {
	log.SetFlags(0)
	stopAtSignal()
	var err error
	if poller, err = syscall.EpollCreate1(0); err != nil {
		log.Fatal("epoll_create: ", err)
	}
	listener := listen(os.Args[1])
	watch(syscall.EPOLL_CTL_ADD, listener, syscall.EPOLLIN)

	events := make([]syscall.EpollEvent, 64)
	var pause time.Time
	for {
		count, err := syscall.EpollWait(poller, events, left(pause))
		freed := false
		if err != nil && err != syscall.EINTR {
			log.Fatal("epoll_wait: ", err)
		}
		for i := 0; i < count; i++ {
			fd := int(events[i].Fd)
			if fd == listener {
				pause = accept(listener)
			} else if c := clients[fd]; !c.advance() {
				delete(clients, fd)
				syscall.Close(fd)
				freed = true // now there is a descriptor
			}
		}
		if !pause.IsZero() && (freed || time.Now().After(pause)) {
			watch(syscall.EPOLL_CTL_MOD, listener, syscall.EPOLLIN)
			pause = time.Time{}
		}
	}
}
