package main

import (
	"encoding/json"
	"strconv"
	"strings"
)

// A message is what server/messages.mjs makes: a price of about so many bytes as JSON, which ends with a mark.
type message struct {
	id    string
	topic string
	data  price
}

type price struct {
	Seq    int     `json:"seq"`
	Symbol string  `json:"symbol"`
	Amount float64 `json:"amount"`
	Volume int     `json:"volume"`
	Market string  `json:"market"`
	Note   string  `json:"note"`
}

type source struct {
	bytes int
	count int
}

func (s *source) next(topic string) message {
	s.count++
	note := "~"
	if s.bytes > 82 {
		note = strings.Repeat("n", s.bytes-82) + note
	}
	data := price{s.count, "ACME", 12.34, 5600, "XNAS", note}
	return message{id: strconv.Itoa(s.count), topic: topic, data: data}
}

func (m message) json() []byte {
	text, err := json.Marshal(m.data)
	if err != nil {
		panic(err)
	}
	return text
}
