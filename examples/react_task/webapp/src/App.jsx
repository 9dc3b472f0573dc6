import { useEffect, useState } from "react";

const MOODS = ["glad", "neutral", "sad"];

/** One sentence to judge. `work` is what `crowd.start()` gave. */
export function App({ work }) {
  const preview = work.phase === "preview";
  const { sentence = "" } = work.init ?? {};
  const [mood, setMood] = useState(work.draft?.mood ?? null);
  const [marked, setMarked] = useState(work.draft?.marked ?? []);
  const [errors, setErrors] = useState(work.refused?.errors ?? null);

  useEffect(() => {
    if (!preview && (mood || marked.length)) work.saveDraft({ mood, marked });
  }, [mood, marked]);

  const toggle = (at) => setMarked(marked.includes(at) ? marked.filter((one) => one !== at) : [...marked, at].sort());

  async function send(event) {
    event.preventDefault();
    setErrors(null);
    const words = sentence.split(" ");
    try {
      await work.submit({ mood, marked: marked.map((at) => words[at]) });
    } catch (error) {
      setErrors(error.errors ?? { "": [error.detail || error.message] });
    }
  }

  return (
    <form onSubmit={send}>
      <h1>What is the mood?</h1>
      <p className="hint">Choose the mood, then mark the words that gave it away.</p>
      <p className="sentence">
        {sentence.split(" ").map((word, at) => (
          <button key={at} type="button" aria-pressed={marked.includes(at)} disabled={preview} onClick={() => toggle(at)}>
            {word}
          </button>
        ))}
      </p>
      <fieldset disabled={preview}>
        <legend>The sentence is</legend>
        {MOODS.map((each) => (
          <label key={each}>
            <input type="radio" name="mood" checked={mood === each} onChange={() => setMood(each)} required /> {each}
          </label>
        ))}
      </fieldset>
      {errors && (
        <div role="alert" className="errors">
          {Object.values(errors).flat().map((text) => (
            <p key={text}>{text}</p>
          ))}
        </div>
      )}
      <button type="submit" className="send" disabled={preview}>
        Send
      </button>
    </form>
  );
}
