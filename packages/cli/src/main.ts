import { parseArguments, UsageError } from './arguments.js'

try {
  const { command, values } = parseArguments(process.argv.slice(2))
  // The command's code is loaded only now, so that --help and usage errors cost nothing.
  const { run } = await command.load()
  await run(values)
} catch (error) {
  if (error instanceof UsageError) fail(error.message, 2)
  // Told by its code: importing the class would load the server for every command.
  if ((error as { code?: unknown } | null)?.code === 'configuration_error') fail((error as Error).message, 1)
  throw error
}

function fail(message: string, exitCode: number): never {
  process.stderr.write(`prompt-train: ${message}\n`)
  process.exit(exitCode)
}
