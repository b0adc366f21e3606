// One line per check, a last line with the sums. A failed check does not keep the later ones from running.

const TIMEOUT_SECONDS = 60;

export class Report {
  #passed = 0;
  #failed = 0;

  /** Runs a check. Gives its result, or `undefined` if it failed. */
  async check(name, body) {
    const began = performance.now();
    try {
      const result = await within(TIMEOUT_SECONDS, name, body());
      this.#passed += 1;
      console.log(`ok      ${name} (${Math.round(performance.now() - began)} ms)`);
      return result;
    } catch (error) {
      this.failed(name, error);
      return undefined;
    }
  }

  /** Counts a failure outside of any check. */
  failed(name, error) {
    this.#failed += 1;
    console.log(`FAILED  ${name}: ${error?.stack ?? error}`);
  }

  /** Prints the sums; true if nothing failed. */
  end() {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0 && this.#passed > 0;
  }
}

/** The promise, or an error after so many seconds. */
export async function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again until the answer is not undefined. */
export async function eventually(what, ask, seconds = 20) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function assert(condition, message) {
  if (!condition) throw new Error(message);
}

export function assertEqual(actual, expected, what) {
  const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${what}: got ${a}, expected ${b}`);
}
