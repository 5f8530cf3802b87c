import { Readable } from 'node:stream'
import { Dispatcher } from 'undici'

/** One request to the token endpoint. */
export interface AskedForToken {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly grant: Readonly<Record<string, string>>
}

/** An answer, an error of the system by its code before or after the request went out, or none at all. */
export type TokenScript =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly unreachable: string }
  | { readonly broken: string }
  | 'hang'

/**
 * A token endpoint without a socket: what is scripted comes first, then it grants. Its refresh tokens are good for one
 * use, and a second use revokes them all.
 */
export class ScriptedTokenServer extends Dispatcher {
  readonly asked: AskedForToken[] = []
  readonly script: TokenScript[] = []
  /** The refresh token that is good now; null when all are revoked. */
  refreshToken: string | null
  /** What `expires_in` says. */
  expiresIn: unknown = 28_800
  rotates = true
  reuses = 0
  /** Awaited before each answer. */
  beforeAnswer: () => void | Promise<void> = () => {}
  #granted = 0

  constructor(refreshToken = 'sk-ant-ort01-FAKE-0') {
    super()
    this.refreshToken = refreshToken
  }

  /** The grants that were answered with tokens. */
  get granted(): number {
    return this.#granted
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    void this.#answer(options, handler)
    return true
  }

  async #answer(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): Promise<void> {
    const script = this.script.shift()
    const controller = new FakeController()
    const grant = JSON.parse(String(options.body)) as Record<string, string>
    const url = `${options.origin}${options.path}`
    if (typeof script === 'object' && 'unreachable' in script) {
      handler.onResponseError?.(controller, Object.assign(new Error('FAKE'), { code: script.unreachable }))
      return
    }
    handler.onRequestStart?.(controller, {})
    if (controller.aborted) return
    this.asked.push({ url, headers: options.headers as Record<string, string>, grant })
    if (script === 'hang') return
    if (typeof script === 'object' && 'broken' in script) {
      handler.onResponseError?.(controller, Object.assign(new Error('FAKE'), { code: script.broken }))
      return
    }
    const { status, body = {}, headers = {} } = script ?? this.#grant(grant)
    await this.beforeAnswer()
    if (controller.aborted) return
    handler.onResponseStart?.(controller, status, headers)
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    for await (const chunk of Readable.from(text.match(/[\s\S]{1,10000}/g) ?? [])) {
      if (!controller.aborted) handler.onResponseData?.(controller, Buffer.from(chunk as string))
    }
    if (!controller.aborted) handler.onResponseEnd?.(controller, {})
  }

  #grant({ grant_type, refresh_token }: Readonly<Record<string, string>>) {
    if (grant_type === 'refresh_token' && refresh_token !== this.refreshToken) {
      this.reuses++
      this.refreshToken = null
      return { status: 400, body: { error: 'invalid_grant', error_description: 'FAKE' }, headers: {} }
    }
    const count = ++this.#granted
    if (this.rotates) this.refreshToken = `sk-ant-ort01-FAKE-${count}`
    return {
      status: 200,
      body: {
        access_token: `sk-ant-oat01-FAKE-${count}`,
        token_type: 'Bearer',
        ...(this.rotates && grant_type === 'refresh_token' && { refresh_token: this.refreshToken }),
        ...(this.expiresIn !== undefined && { expires_in: this.expiresIn }),
      },
      headers: {},
    }
  }
}

class FakeController implements Dispatcher.DispatchController {
  aborted = false
  readonly paused = false
  reason: Error | null = null
  pause(): void {}
  resume(): void {}

  abort(reason: Error): void {
    this.aborted = true
    this.reason = reason
  }
}
