// Who is compared. Each is a program of its own in targets/; "direct" is the upstream itself.

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {string} title
 * @property {string | null} program
 * @property {'client' | 'upstream'} key What the load generator presents: a client key, which the proxy replaces by
 *   the upstream's key, or the upstream's key itself where the target has no keys of its own.
 * @property {Record<string, string>} [headers] What the target needs to be told with each request.
 */

/**
 * @param {{ upstreamPort: number }} stage
 * @returns {readonly Target[]}
 */
export function allTargets({ upstreamPort }) {
  return [
    { name: 'direct', title: 'direct, no proxy', program: null, key: 'upstream' },
    { name: 'minimal', title: 'minimal undici dispatch', program: 'targets/minimal-dispatch.mjs', key: 'client' },
    { name: 'express-minimal', title: 'Express + minimal', program: 'targets/express-minimal.mjs', key: 'client' },
    { name: 'express-ours', title: 'Express + ours', program: 'targets/express-ours.mjs', key: 'client' },
    {
      name: 'express-recording',
      title: 'Express + ours, recording',
      program: 'targets/express-recording.mjs',
      key: 'client',
    },
    { name: 'hono-minimal', title: 'Hono + minimal, one Response', program: 'targets/hono-minimal.mjs', key: 'client' },
    { name: 'hono-ours', title: 'Hono + ours', program: 'targets/hono-ours.mjs', key: 'client' },
    {
      name: 'fastify-http-proxy',
      title: '@fastify/http-proxy',
      program: 'targets/fastify-http-proxy.mjs',
      key: 'client',
    },
    {
      name: 'http-proxy-middleware',
      title: 'http-proxy-middleware',
      program: 'targets/http-proxy-middleware.mjs',
      key: 'client',
    },
    { name: 'hono-proxy', title: 'hono/proxy', program: 'targets/hono-proxy.mjs', key: 'client' },
    {
      name: 'portkey',
      title: '@portkey-ai/gateway',
      program: 'targets/portkey-gateway.mjs',
      key: 'upstream',
      headers: {
        'x-portkey-provider': 'anthropic',
        'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
      },
    },
  ]
}

export const targetNames = allTargets({ upstreamPort: 0 }).map(({ name }) => name)
