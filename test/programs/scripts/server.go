// A TCP server with a goroutine a connection, its clients, deadlines, half-close, UDP, HTTP, and names.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func echo(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() { io.Copy(connection, connection); connection.Close() }()
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go echo(listener)
	var wait sync.WaitGroup
	for i := 0; i < 50; i++ {
		wait.Add(1)
		go func(n int) {
			defer wait.Done()
			connection, err := net.Dial("tcp", listener.Addr().String())
			check(err)
			go func() { connection.Write(make([]byte, 5000*n)); connection.(*net.TCPConn).CloseWrite() }()
			all, err := io.ReadAll(connection)
			check(err)
			if len(all) != 5000*n {
				fmt.Println(n, len(all))
			}
			connection.Close()
		}(i)
	}
	wait.Wait()

	idle, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	idle.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	_, err = bufio.NewReader(idle).ReadByte()
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	listener.Close()
	_, err = net.Dial("tcp", listener.Addr().String())
	fmt.Println(err != nil)

	packets, err := net.ListenPacket("udp", "[::1]:0")
	check(err)
	sender, err := net.Dial("udp", packets.LocalAddr().String())
	check(err)
	fmt.Fprint(sender, "datagram")
	buffer := make([]byte, 100)
	count, from, err := packets.ReadFrom(buffer)
	check(err)
	fmt.Println(string(buffer[:count]), from.String() == sender.LocalAddr().String())

	web, err := net.Listen("tcp", "localhost:0")
	check(err)
	// A handler that writes before it has read all may not read on.
	go http.Serve(web, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		check(err)
		w.Write(body)
	}))
	for i := 0; i < 20; i++ {
		response, err := http.Post("http://"+web.Addr().String(), "text/plain", bufio.NewReader(io.LimitReader(zeros{}, 200000)))
		check(err)
		size, err := io.Copy(io.Discard, response.Body)
		check(err)
		if size != 200000 {
			fmt.Println(size)
		}
	}
	addresses, err := net.LookupHost("localhost")
	fmt.Println(len(addresses) > 0, err)
	fmt.Println("done")
}

type zeros struct{}

func (zeros) Read(bytes []byte) (int, error) { clear(bytes); return len(bytes), nil }
