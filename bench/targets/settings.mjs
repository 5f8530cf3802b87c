// What every target is told, and the header rules of the minimal ones: what crosses is what crosses ours.
export const { UPSTREAM } = process.env

const UP = new Set(['accept', 'content-type', 'user-agent'])
const DOWN = new Set(['content-length', 'content-type', 'request-id', 'retry-after'])

/** Raw request headers for the upstream. */
export function toUpstreamHeaders(rawHeaders, upstreamKey) {
  const headers = ['x-api-key', upstreamKey]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase()
    if (UP.has(name) || name.startsWith('anthropic-') || name.startsWith('x-stainless-')) {
      headers.push(name, rawHeaders[i + 1])
    }
  }
  return headers
}

/** Raw answer headers for the client. */
export function toClientHeaders(rawHeaders) {
  const headers = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].latin1Slice().toLowerCase()
    if (DOWN.has(name) || name.startsWith('anthropic-')) headers.push(name, rawHeaders[i + 1].latin1Slice())
  }
  return headers
}
