package client_test

import (
	"context"
	"fmt"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/client"
	"github.com/edgevalue/edgevalue/gen/oas"
)

func ExampleWithPassword() {
	ctx := context.Background()
	c, err := client.New(server.URL, client.WithPassword(server.Superuser, server.Password))
	if err != nil {
		fmt.Println(err)
		return
	}
	user, err := c.GetCurrentUser(ctx) // logs in
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user.Email)
	if err := c.Logout(ctx); err != nil {
		fmt.Println(err)
	}
	// Output: admin@example.com
}

// What is wrong with the values of a request.
func ExampleProblem() {
	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.RecoverPassword(context.Background(), &oas.PasswordRecovery{Email: "ada"})
	var problem *client.Problem
	if errors.As(err, &problem) {
		fmt.Println(problem.Status, problem.Type)
		for _, wrong := range problem.Errors {
			fmt.Println(wrong.Field, wrong.Message)
		}
	}
	// Output:
	// 422 invalid
	// /email must be an email address
}
