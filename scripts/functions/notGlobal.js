// Refuses a name that is a global of TypeScript: code that is generated for a schema of that name hides the global, and
// does not compile, or means another thing, where it needs both.
import globals from './globals.js'

export default function notGlobal(name) {
  const type = name[0].toUpperCase() + name.slice(1) // as generators write it
  if (globals.has(type)) {
    return [{ message: `${name} is a global of TypeScript: give it a name of its own` }]
  }
}
