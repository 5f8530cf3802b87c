import type { Server } from 'node:http'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { Mountable } from '@agent-prompt-train/core'
import { toNodeListener } from '@agent-prompt-train/core/node'
import { createExpressMiddleware } from '@agent-prompt-train/express-adapter'
import { createHonoHandler } from '@agent-prompt-train/hono-adapter'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { listen } from './listen.js'

/** Anything that can be mounted, served by a host. */
export interface MountedHost {
  /** Without the mount path. */
  readonly origin: string
  /** Reaches `origin`: the global fetch, except where the host is this process and there is no socket. */
  readonly fetch: typeof fetch
  close(): Promise<void>
}

export interface Host {
  readonly name: string
  mount(app: Mountable, options: { readonly mountPath: string }): Promise<MountedHost>
}

const require = createRequire(import.meta.url)

/** Every way to mount the proxy. */
export const hosts: readonly Host[] = [
  { name: 'Express 5', mount: (app, { mountPath }) => serve(expressServer('express', 5, app, mountPath)) },
  { name: 'Express 4', mount: (app, { mountPath }) => serve(expressServer('express4', 4, app, mountPath)) },
  { name: 'Hono', mount: (app, { mountPath }) => serve(honoServer(app, mountPath)) },
  { name: 'node:http', mount: (app, { mountPath }) => serve(createServer(toNodeListener(app, { mountPath }))) },
  { name: 'in-process fetch', mount: async (app, { mountPath }) => inProcess(app, mountPath) },
]

function expressServer(packageName: string, major: number, app: Mountable, mountPath: string): Server {
  const { version } = require(`${packageName}/package.json`) as { version: string }
  // Two aliases of one major would pass every test and prove half of what they claim.
  if (!version.startsWith(`${major}.`)) throw new Error(`${packageName} is ${version}, not Express ${major}`)
  const express = require(packageName) as typeof import('express')
  return createServer(express().use(mountPath || '/', createExpressMiddleware(app)))
}

function honoServer(app: Mountable, mountPath: string): Server {
  const hono = new Hono().all(`${mountPath}/*`, createHonoHandler(app, { mountPath }))
  return createAdaptorServer(hono) as Server
}

async function serve(server: Server): Promise<MountedHost> {
  return { ...(await listen(server)), fetch }
}

function inProcess(app: Mountable, mountPath: string): MountedHost {
  return {
    origin: 'http://in-process.test',
    fetch: (input, init) => app.fetch(input, { ...init, mountPath }),
    close: async () => {},
  }
}
