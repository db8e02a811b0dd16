// `npm run quickstart`: an S3 server in a temporary directory, a volume on it over real HTTP, and programs nobody changed
// working there. Says what each step cost and leaves nothing behind.

import { serveBucket } from '../../test/support/served-bucket.ts'
import { bytesText, measure } from '../support/meter.ts'
import { steps } from './steps.ts'

// The built package, as a user would have it; the types are those of its source.
const { openVolume } = (await import('bucketfs')) as typeof import('../../src/index.ts')

// The SDK's notice about the age of Node 20 is not what this is about.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
const started = performance.now()
const served = await serveBucket({ kept: 'directory' })
try {
  for (const [name, value] of Object.entries(served.environment)) process.env[name] = value
  const prefix = 'quickstart/'
  const volume = await openVolume(served.volumeUrl(prefix))
  console.log(`S3 server at ${served.endpoint}, volume ${volume.url}`)
  for (const [index, step] of steps.entries()) {
    let found = ''
    const { ms, requests, bytesUp, bytesDown, cacheHits } = await measure(volume, async () => {
      found = await step.run({ volume, served, prefix })
    })
    console.log(`\n${index + 1}. ${step.title}\n   ${found}`)
    const traffic = `${bytesText(bytesUp)} up, ${bytesText(bytesDown)} down`
    console.log(`   ${(ms / 1000).toFixed(2)} s, ${requests} S3 requests, ${traffic}, ${cacheHits} cache hits`)
  }
  await volume.close()
} finally {
  await served.close()
}
console.log(
  `\nDone in ${((performance.now() - started) / 1000).toFixed(1)} s. The server is stopped and its directory removed.`,
)
