// Draw on the canvas, ask the server's model what it reads, let the worker correct it.

const SIDE = 8;
const work = crowd.work;
const paper = document.getElementById("paper");
const pen = paper.getContext("2d", { willReadFrequently: true });
const digit = document.getElementById("digit");
const answer = document.getElementById("answer");

pen.lineWidth = 26;
pen.lineCap = pen.lineJoin = "round";

let last = null;

function place(event) {
  const box = paper.getBoundingClientRect();
  return [((event.clientX - box.left) * paper.width) / box.width, ((event.clientY - box.top) * paper.height) / box.height];
}

paper.addEventListener("pointerdown", (event) => {
  paper.setPointerCapture(event.pointerId);
  last = place(event);
});
paper.addEventListener("pointermove", (event) => {
  if (!last) return;
  const next = place(event);
  pen.beginPath();
  pen.moveTo(...last);
  pen.lineTo(...next);
  pen.stroke();
  last = next;
});
paper.addEventListener("pointerup", () => (last = null));

// The drawing as the model was taught: what is drawn fills the picture, 8 x 8 pixels of 0 to 16.
function pixels() {
  const { data } = pen.getImageData(0, 0, paper.width, paper.height);
  const ink = (x, y) => data[(y * paper.width + x) * 4 + 3];
  let [left, top, right, bottom] = [paper.width, paper.height, 0, 0];
  for (let y = 0; y < paper.height; y += 1) {
    for (let x = 0; x < paper.width; x += 1) {
      if (!ink(x, y)) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
  }
  if (right <= left || bottom <= top) return null;
  const small = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  const brush = small.getContext("2d");
  const [width, height] = [right - left, bottom - top];
  const scale = SIDE / height;
  brush.imageSmoothingQuality = "high";
  const across = Math.min(SIDE, width * scale);
  brush.drawImage(paper, left, top, width, height, (SIDE - across) / 2, 0, across, SIDE);
  const found = brush.getImageData(0, 0, SIDE, SIDE).data;
  return Array.from({ length: SIDE * SIDE }, (_, at) => Math.round((found[at * 4 + 3] / 255) * 16));
}

document.getElementById("read").addEventListener("click", async () => {
  const drawn = pixels();
  if (!drawn) {
    answer.textContent = "Please draw something first.";
    return;
  }
  answer.textContent = "Looking…";
  try {
    show((await work.call("classify", { pixels: drawn })).digit);
  } catch (error) {
    answer.textContent = `That did not work: ${error.detail || error.message}`;
  }
});

function show(read) {
  answer.textContent = `The computer reads ${/^8$/.test(read) ? "an" : "a"} ${read}. Correct it below if it is wrong.`;
  digit.value = read;
}

document.getElementById("clear").addEventListener("click", () => {
  pen.clearRect(0, 0, paper.width, paper.height);
  answer.textContent = "";
});

// After a reload: what the computer said last.
const before = (work.init?.calls ?? []).filter((call) => call.result).at(-1);
if (before) show(before.result.digit);

// Only now does the page listen: a press before would be lost.
for (const name of ["read", "clear"]) document.getElementById(name).disabled = false;
