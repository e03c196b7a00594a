package halfopen

import (
	"strconv"
	"unicode/utf8"
)

// line is one JSON object in the making: begin, add members, end. Hot records are written this way, without reflection.
type line []byte

func newLine(kind string) line {
	return append(append(make(line, 0, 256), `{"t":"`...), kind+`"`...)
}

func (l line) key(name string) line {
	return append(append(append(l, `,"`...), name...), `":`...)
}

func (l line) integer(name string, value int64) line {
	return strconv.AppendInt(l.key(name), value, 10)
}

func (l line) number(name string, value float64) line {
	return strconv.AppendFloat(l.key(name), value, 'g', -1, 64)
}

func (l line) boolean(name string, value bool) line {
	return strconv.AppendBool(l.key(name), value)
}

func (l line) text(name, value string) line {
	return appendQuoted(l.key(name), value)
}

func (l line) null(name string) line {
	return append(l.key(name), "null"...)
}

// raw adds a value that is JSON already.
func (l line) raw(name string, value []byte) line {
	return append(l.key(name), value...)
}

func (l line) end() []byte {
	return append(l, "}\n"...)
}

const hexDigits = "0123456789abcdef"

// appendQuoted adds text as a JSON string; bytes that are no UTF-8 become U+FFFD, as Node's decoder has it.
func appendQuoted(out []byte, text string) []byte {
	out = append(out, '"')
	from := 0
	for at := 0; at < len(text); {
		if char := text[at]; char < utf8.RuneSelf {
			if char >= ' ' && char != '"' && char != '\\' {
				at++
				continue
			}
			out = append(out, text[from:at]...)
			out = appendEscaped(out, char)
			at++
			from = at
			continue
		}
		char, width := utf8.DecodeRuneInString(text[at:])
		if char == utf8.RuneError && width == 1 {
			out = append(append(out, text[from:at]...), "\ufffd"...)
			from = at + width
		}
		at += width
	}
	return append(append(out, text[from:]...), '"')
}

func appendEscaped(out []byte, char byte) []byte {
	switch char {
	case '"', '\\':
		return append(out, '\\', char)
	case '\n':
		return append(out, '\\', 'n')
	case '\r':
		return append(out, '\\', 'r')
	case '\t':
		return append(out, '\\', 't')
	default:
		return append(out, '\\', 'u', '0', '0', hexDigits[char>>4], hexDigits[char&0xf])
	}
}

// clipped is text of at most `most` bytes, cut between characters.
func clipped(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
