import { clientKey } from './stage.js'

/** An ordinary request, in parts that a row replaces. */
export interface RequestParts {
  /** @default "POST" */
  readonly method?: string
  /** @default "/v1/messages" */
  readonly target?: string
  /** @default "HTTP/1.1" */
  readonly version?: string
  /** @default ["host: proxy.test"] */
  readonly host?: readonly string[]
  /** @default ["x-api-key: (a valid client key)"] */
  readonly credential?: readonly string[]
  /** Lines of the head, undecoded. @default [] */
  readonly headers?: readonly string[]
  /** @default the body's length */
  readonly framing?: readonly string[]
  /** @default "{}" */
  readonly body?: string
}

/** A request's bytes as latin1 text: valid, as far as its parts are. */
export function request(parts: RequestParts = {}): string {
  const {
    method = 'POST',
    target = '/v1/messages',
    version = 'HTTP/1.1',
    host = ['host: proxy.test'],
    credential = [`x-api-key: ${clientKey}`],
    headers = [],
    body = '{}',
    framing = [`content-length: ${body.length}`],
  } = parts
  const lines = [
    `${method} ${target} ${version}`,
    ...host,
    ...credential,
    'content-type: application/json',
    ...headers,
    ...framing,
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}
