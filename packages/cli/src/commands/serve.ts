import { toNodeListener } from '@agent-prompt-train/core/node'
import { createApplication } from '../application.js'
import { readEnvironment } from '../environment.js'
import { answerHealth } from '../health.js'
import { openLog } from '../log.js'
import { listen } from '../server.js'
import { stopOnSignal } from '../signals.js'
import { createWelcome, toWelcomeText } from '../welcome.js'

/** Below the 30 s that orchestrators commonly wait before they kill, so that the process ends by itself. */
const DRAIN_MS = 25_000

/** `prompt-train serve`: runs the proxy until a signal. */
export async function run(): Promise<void> {
  const environment = readEnvironment({ isTerminal: process.stdout.isTTY === true })
  const log = await openLog(environment)
  const { logger } = log
  if (environment.notUsedYet.length > 0) {
    logger.warn({}, `${environment.notUsedYet.join(', ')}: set, but this version does not use it yet`)
  }
  const application = await createApplication(environment, logger)
  const { proxy, upstream, access } = application
  const forward = toNodeListener(proxy)
  const server = await listen((request, response) => {
    if (!answerHealth(application, request, response)) forward(request, response)
  }, environment)

  // Before the address is told: whoever waits for that may signal at once.
  stopOnSignal(async () => {
    logger.info({}, 'stopping: new requests get 503, those under way may finish')
    server.closeIdle()
    // The server listens on meanwhile, so that new requests get their 503 and /health says why.
    await proxy.close({ drainMs: DRAIN_MS })
    await server.close()
    await application.close()
    logger.info({}, 'stopped')
    await log.close()
  })

  // Whoever read it may have left, which is no reason to stop serving.
  process.stderr.on('error', () => {})
  const welcome = createWelcome(server.address, upstream, access)
  if (environment.logPretty) log.print(toWelcomeText(welcome))
  else logger.info({ address: server.address, upstream, access }, 'listening')
  // Standard output is for JSON lines, and a command line inside one cannot be pasted.
  if (!environment.logPretty && !environment.production) process.stderr.write(toWelcomeText(welcome))
}
