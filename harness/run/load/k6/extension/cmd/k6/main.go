// Program k6 is k6 with the halfopen extension linked in.
package main

import (
	"go.k6.io/k6/v2/cmd"

	_ "github.com/halfopen/xk6-halfopen"
)

func main() {
	cmd.Execute()
}
