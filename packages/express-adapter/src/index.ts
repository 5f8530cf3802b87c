import type { Mountable } from '@agent-prompt-train/core'
import { fromIncoming } from '@agent-prompt-train/core/node'
import type { RequestHandler } from 'express'

/**
 * Mounts an app on Express 4 or 5: `express.use('/claude', createExpressMiddleware(proxy))`. It answers every request
 * it gets, a 404 included, and never calls `next()`. Mount it before body parsers.
 */
export function createExpressMiddleware(app: Mountable): RequestHandler {
  return (req, res) => void app.handle(fromIncoming(req, { mountPath: req.baseUrl, hostRequest: req }), res)
}
