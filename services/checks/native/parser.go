// Reads Go as go/parser does. Standard input holds texts, each behind its length in four bytes, the highest first;
// standard output gets one line of JSON for each: how many errors there are, and the first of them.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/scanner"
	"go/token"
	"io"
	"os"
)

const (
	textBytesMax = 64 << 20
	toldMax      = 20
)

type fault struct {
	Offset  int    `json:"offset"`
	Message string `json:"message"`
}

type answer struct {
	Count  int     `json:"count"`
	Errors []fault `json:"errors"`
	Failed string  `json:"failed,omitempty"`
}

func main() {
	input := bufio.NewReader(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for {
		var length uint32
		if err := binary.Read(input, binary.BigEndian, &length); err != nil || length > textBytesMax {
			return
		}
		text := make([]byte, length)
		if _, err := io.ReadFull(input, text); err != nil {
			return
		}
		if err := output.Encode(judge(text)); err != nil {
			return
		}
	}
}

func judge(text []byte) (result answer) {
	defer func() {
		if broken := recover(); broken != nil {
			result = answer{Failed: fmt.Sprint(broken)}
		}
	}()
	_, err := parser.ParseFile(token.NewFileSet(), "", text, parser.AllErrors|parser.SkipObjectResolution)
	var list scanner.ErrorList
	switch {
	case err == nil:
	case errors.As(err, &list):
		for _, found := range list[:min(len(list), toldMax)] {
			result.Errors = append(result.Errors, fault{found.Pos.Offset, found.Msg})
		}
		result.Count = len(list)
	default:
		result = answer{Count: 1, Errors: []fault{{0, err.Error()}}}
	}
	return result
}
