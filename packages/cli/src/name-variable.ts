import { ConfigurationError } from '@agent-prompt-train/core'

/** The error to tell in place of one that names an option: it names the variable that the option came from, where one is known. */
export function nameVariable(error: unknown, variables: ReadonlyMap<string, string>): unknown {
  const variable = error instanceof ConfigurationError ? variables.get(error.option) : undefined
  if (variable === undefined) return error
  const { option, message } = error as ConfigurationError
  return new ConfigurationError(variable, message.slice(`${option}: `.length))
}
