import httpProxy from '@fastify/http-proxy'
import Fastify from 'fastify'
import { announce } from '../child.mjs'
import { UPSTREAM_KEY } from '../messages.mjs'
import { UPSTREAM } from './settings.mjs'

const app = Fastify({ bodyLimit: 32 * 1024 ** 2 })
app.register(httpProxy, {
  upstream: UPSTREAM,
  // Its default of 128 connections would let most of the thousand streams wait.
  undici: { connections: 2000, pipelining: 1 },
  replyOptions: { rewriteRequestHeaders: (_request, headers) => ({ ...headers, 'x-api-key': UPSTREAM_KEY }) },
})
await app.listen({ host: '127.0.0.1', port: 0, backlog: 2048 })
announce(app.server)
