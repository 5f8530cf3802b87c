import { parseArguments } from './arguments.js'
import { UsageError } from './usage-error.js'

/**
 * Errors that tell what to mend in one line, alone or as the cause of what a client would be told. By name: importing the
 * classes would load the server for every command.
 */
const TOLD = ['ConfigurationError', 'ClientKeyError', 'StorageError', 'KeyRingError', 'RefusedError', 'OAuthLoginError']

/** Runs the command that the arguments name; ends the process where it is refused. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  try {
    const { command, given } = parseArguments(args)
    // The command's code is loaded only now, so that --help and usage errors cost nothing.
    const { run } = await command.load()
    await run(given)
  } catch (error) {
    if (error instanceof UsageError) fail(error.message, 2)
    const told = error instanceof Error && error.name === 'ProxyError' ? error.cause : error
    if (told instanceof Error && TOLD.includes(told.name)) fail(told.message, 1)
    throw error
  }
}

function fail(message: string, exitCode: number): never {
  process.stderr.write(`prompt-train: ${message}\n`)
  process.exit(exitCode)
}
