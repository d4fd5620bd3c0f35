// This program is a server under test, as server/main.mjs is, in Go: it is told what to do by lines of JSON on its standard
// input, and answers in lines of JSON on its standard output. Only what the scenarios ask for in which it runs is there.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Whatever happens, it does not outlive its run.
const longestLife = 300 * time.Second

// A contender is what a file of this folder implements.
type contender interface {
	http.Handler
	publish(message)
	size() int
}

type command struct {
	Command   string
	ID        int
	File      string
	Bytes     int
	Keepalive bool
	Count     int
	Turns     int
	Every     float64
	Topic     string
	Collect   bool
}

type server struct {
	running contender
	source  *source
	begun   time.Time
	out     sync.Mutex
	turns   sync.Mutex
}

func main() {
	time.AfterFunc(longestLife, func() { os.Exit(3) })
	s := &server{begun: time.Now()}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		s.do(c)
	}
}

func (s *server) do(c command) {
	switch c.Command {
	case "start":
		s.start(c)
	case "turn":
		s.turn(c.Count, c.Topic)
	case "pace":
		go s.pace(c)
	case "meter":
		s.meter(c)
	case "now":
		s.answer(c.ID, map[string]any{"now": s.now()})
	case "exit":
		os.Exit(0)
	default:
		fmt.Fprintf(os.Stderr, "there is no command %q here\n", c.Command)
		os.Exit(1)
	}
}

func (s *server) start(c command) {
	switch c.File {
	case "tutorial":
		s.running = newTutorial(c.Keepalive)
	case "by_hand":
		s.running = newByHand(c.Keepalive)
	}
	s.source = &source{bytes: c.Bytes}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go http.Serve(listener, s.running)
	s.answer(c.ID, map[string]any{"port": listener.Addr().(*net.TCPAddr).Port})
}

func (s *server) turn(count int, topic string) {
	s.turns.Lock()
	defer s.turns.Unlock()
	for i := 0; i < count; i++ {
		s.running.publish(s.source.next(topic))
	}
}

// A call that is late does not move those after it: the rate stays what it is.
func (s *server) pace(c command) {
	begin := time.Now()
	times := make([]float64, 0, c.Turns)
	for len(times) < c.Turns {
		time.Sleep(time.Until(begin.Add(time.Duration(float64(len(times)) * c.Every * float64(time.Millisecond)))))
		times = append(times, s.now())
		s.turn(c.Count, c.Topic)
	}
	s.answer(c.ID, map[string]any{"times": times})
}

// The same account as Node's process.cpuUsage(): all threads, user and system.
func (s *server) meter(c command) {
	if c.Collect {
		for i := 0; i < 3; i++ {
			runtime.GC()
			debug.FreeOSMemory()
			time.Sleep(50 * time.Millisecond)
		}
	}
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	cpu := float64(used.Utime.Nano()+used.Stime.Nano()) / 1e3
	s.answer(c.ID, map[string]any{"cpu": cpu, "rss": resident(), "clients": s.running.size()})
}

// How many bytes of memory are resident.
func resident() int {
	text, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		var all, pages int
		if _, err := fmt.Sscan(string(text), &all, &pages); err == nil {
			return pages * os.Getpagesize()
		}
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return int(memory.Sys - memory.HeapReleased)
}

func (s *server) now() float64 {
	return float64(time.Since(s.begun)) / float64(time.Millisecond)
}

// The harness knows an answer by how its line begins.
func (s *server) answer(id int, rest map[string]any) {
	text, err := json.Marshal(rest)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s.out.Lock()
	defer s.out.Unlock()
	fmt.Printf("{\"answers\":%d,%s\n", id, strings.TrimPrefix(string(text), "{"))
}
