// Package testclients has the usual generators make clients of openapi.yaml, compiles these in their strictest mode, and
// runs a program with each against a running server. Its test has the build tag clients: "make test-clients".
//
// A folder holds a generator's configuration and the program: what a team would write that uses it. What is generated is
// nowhere but in temporary copies of these folders.
package testclients
