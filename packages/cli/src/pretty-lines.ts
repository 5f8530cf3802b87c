import { prettyFactory } from 'pino-pretty'

/** What the readable form of a line has told already. */
const TOLD = [
  ...[
    'requestId',
    'domain',
    'keyId',
    'clientAddress',
    'method',
    'path',
    'status',
    'durationMs',
    'firstByteMs',
    'model',
  ],
  ...['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheWriteTokens', 'upstreamRequestId'],
  ...['errorType', 'aborted', 'broken'],
]

type Entry = Readonly<Record<string, unknown>>

/** Turns each JSON line of the log into a line for people and writes it. */
export function createPrettyLines(
  write: (line: string) => void,
  options: { readonly colorize?: boolean } = {},
): (line: string) => void {
  const format = prettyFactory({
    ...options,
    translateTime: 'SYS:HH:MM:ss',
    ignore: TOLD.join(','),
    singleLine: true,
    messageFormat: (entry) =>
      joinFacts([...(entry.msg === 'exchange' ? describe(entry) : [entry.msg]), entry.requestId]),
  })
  return (line) => write(format(line))
}

/** The facts of an access line, the ones that people look for first. */
function describe(entry: Entry): unknown[] {
  const { method, path, status, durationMs, model, inputTokens, outputTokens, clientAddress, domain, keyId } = entry
  return [
    `${method} ${path} ${status ?? '-'} in ${durationMs} ms`,
    entry.aborted ? 'client left' : entry.broken ? 'broke off' : entry.errorType,
    model,
    outputTokens === null ? null : `${inputTokens ?? '?'} tokens in, ${outputTokens} out`,
    domain === null ? null : `${domain}, key ${keyId ?? 'none'}`,
    clientAddress,
  ]
}

/** Clients choose some of the text: nothing of it may move the cursor, colour the terminal or begin a line. */
function joinFacts(facts: readonly unknown[]): string {
  return facts
    .filter((fact) => fact !== null && fact !== undefined)
    .map((fact) => String(fact).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?'))
    .join(' | ')
}
