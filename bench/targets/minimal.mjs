// The reference: undici's dispatch between two node:http messages, lean headers, coalesced writes, abort and
// backpressure, and nothing else. No authentication, no usage, no log.
import { Pool } from 'undici'
import { UPSTREAM_KEY } from '../messages.mjs'
import { toClientHeaders, toUpstreamHeaders, UPSTREAM } from './settings.mjs'

const SMALL_BODY_BYTES = 256 * 1024
const pool = new Pool(UPSTREAM, { pipelining: 1 })

/** Answers a node:http request from the upstream. */
export function forward(request, response) {
  const length = Number(request.headers['content-length'])
  const headers = toUpstreamHeaders(request.rawHeaders, UPSTREAM_KEY)
  if (length > SMALL_BODY_BYTES) {
    headers.push('content-length', String(length))
    dispatch(request, headers, request, response)
    return
  }
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => dispatch(request, headers, join(chunks), response))
}

function dispatch({ method, url: path }, headers, body, response) {
  pool.dispatch({ method, path, headers, body }, new Answer(response))
}

class Answer {
  #response
  #controller = null
  #chunks = []
  #scheduled = false
  #ended = false

  constructor(response) {
    this.#response = response
    response.on('drain', () => this.#controller.resume())
    response.on('close', () => {
      if (!this.#ended) this.#controller?.abort(new Error('the client left'))
    })
  }

  onRequestStart(controller) {
    this.#controller = controller
  }

  onResponseStart({ rawHeaders }, status) {
    this.#response.writeHead(status, toClientHeaders(rawHeaders))
  }

  /** Undici hands one socket read over in many chunks: they are gathered and written once. */
  onResponseData(_controller, chunk) {
    this.#chunks.push(chunk)
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => this.#flush())
  }

  onResponseEnd() {
    this.#ended = true
    this.#response.end(this.#chunks.length === 0 ? undefined : join(this.#chunks))
  }

  onResponseError() {
    this.#ended = true
    this.#response.destroy()
  }

  #flush() {
    this.#scheduled = false
    if (this.#ended) return
    const chunk = join(this.#chunks)
    this.#chunks = []
    if (!this.#response.write(chunk)) this.#controller.pause()
  }
}

function join(chunks) {
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
}
