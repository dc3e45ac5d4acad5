package api_test

// examples create what the requests are about that the contract's examples make: all that has an id has the id 1, and
// what belongs to users is the superuser's.
var examples = []func(*fixture){
	exampleCompany, // newproject:companies
}

func (f *fixture) createExamples() {
	f.t.Helper()
	for _, create := range examples {
		create(f)
	}
}
