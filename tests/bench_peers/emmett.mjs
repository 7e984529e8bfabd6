// Emmett on PostgreSQL, asked for the same as `agrodeep bench append` and `bench hot`: writers add lines to notes, each
// awaiting its verdict. Prints the same JSON lines.
//
//   PEERS=folder-of-setup node emmett.mjs URL [--writers 64] [--seconds 4] [--rounds 3]
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    writers: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
  },
});
const [url] = positionals;
const [writers, seconds, rounds] = [values.writers, values.seconds, values.rounds].map(Number);
if (!url || ![writers, seconds, rounds].every((number) => Number.isInteger(number) && number > 0)) {
  console.error('usage: node emmett.mjs URL [--writers 64] [--seconds 4] [--rounds 3]');
  process.exit(2);
}

const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const peers = resolve(process.env.PEERS ?? join(cache, 'agrodeep/peers'));
const require = createRequire(join(peers, 'package.json'));
const { CommandHandler, isExpectedVersionConflictError } = require('@event-driven-io/emmett');
const { getPostgreSQLEventStore } = require('@event-driven-io/emmett-postgresql');

const HOT_AGGREGATES = 8;
const COMMANDS_PER_AGGREGATE = 10;
const TEXT = 'Tomates de Marmande, cueillies ce matin. '.repeat(9);

const store = getPostgreSQLEventStore(url);
const handle = CommandHandler({
  initialState: () => ({ lines: 0 }),
  evolve: (_state, event) => ({ lines: event.data.number }),
});

/** Adds a line; tries again as often as the others are faster. */
async function addLine(note) {
  for (;;) {
    try {
      await handle(store, `note-${note}`, (state) => ({
        type: 'LineAdded',
        data: { number: state.lines + 1, text: TEXT },
        metadata: { actor: 'system:bench', correlationId: note, causationId: note },
      }));
      return;
    } catch (error) {
      if (!isExpectedVersionConflictError(error)) throw error;
    }
  }
}

async function round(mix, duration) {
  const hot = Array.from({ length: HOT_AGGREGATES }, () => randomUUID());
  const latencies = [];
  const began = performance.now();
  const write = async (writer) => {
    let note = randomUUID();
    for (let command = 0; ; command += 1) {
      const asked = performance.now();
      if (asked - began > duration * 1000) return;
      if (mix === 'hot') note = hot[writer % HOT_AGGREGATES];
      else if (command % COMMANDS_PER_AGGREGATE === 0) note = randomUUID();
      await addLine(note);
      latencies.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  const elapsed = (performance.now() - began) / 1000;
  latencies.sort((a, b) => a - b);
  const percentile = (perCent) => latencies[Math.max(0, Math.ceil((perCent / 100) * latencies.length) - 1)];
  return {
    commands: latencies.length,
    per_second: latencies.length / elapsed,
    p50: percentile(50),
    p90: percentile(90),
    p99: percentile(99),
    p999: percentile(99.9),
  };
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, least: sorted[0], most: sorted[sorted.length - 1] };
}

function line(bench, mix, measured) {
  const of = (name) => spread(measured.map((round) => round[name]));
  const [perSecond, p50, p99] = [of('per_second'), of('p50'), of('p99')];
  return JSON.stringify({
    bench,
    mix,
    subject: 'emmett',
    writers,
    rounds: measured.length,
    commands: measured.reduce((sum, round) => sum + round.commands, 0),
    per_second: perSecond.median,
    per_second_min: perSecond.least,
    per_second_max: perSecond.most,
    p50_ms: p50.median,
    p50_ms_min: p50.least,
    p50_ms_max: p50.most,
    p90_ms: of('p90').median,
    p99_ms: p99.median,
    p99_ms_min: p99.least,
    p99_ms_max: p99.most,
    p999_ms: of('p999').median,
  });
}

const measured = { distinct: [], hot: [] };
try {
  // Before anybody writes: sessions that each hold a connection of its pool of ten would wait for ever for one to migrate on.
  await store.schema.migrate();
  for (let number = 0; number <= rounds; number += 1) {
    for (const mix of Object.keys(measured)) {
      // The first is a warm-up.
      const came = await round(mix, number === 0 ? 1 : seconds);
      if (number > 0) measured[mix].push(came);
    }
  }
  console.log(line('append', 'distinct', measured.distinct));
  console.log(line('hot', 'hot', measured.hot));
} finally {
  await store.close();
}
