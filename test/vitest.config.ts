import { defineConfig } from 'vitest/config'

// CI counts the report test by test (.ci/count.mjs).
const reportPath = process.env['VITEST_JSON']

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    reporters: reportPath ? ['default', ['json', { outputFile: reportPath }]] : ['default'],
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
