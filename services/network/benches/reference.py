"""What `cargo xtask bench inference` measures against: a plain masked-diffusion loop over stock transformers.

    reference.py FOLDER POSITIONS STEPS_TIMED THREADS

The folder is a Dream-type model with random weights; Dream is Qwen2 under a mask that hides nothing. Reads a number of masks
from each line of its input, times STEPS_TIMED steps of the loop, and answers with one line of JSON. Every step of that loop is
one forward pass over the whole canvas, whatever it commits, so a run of 64 steps takes 64 times as long as one.
"""

import json
import pathlib
import sys
import time

import torch
from safetensors.torch import load_file
from transformers import Qwen2Config, Qwen2ForCausalLM


def load(folder):
    config = json.loads(pathlib.Path(folder, "config.json").read_text())
    rope = {"rope_type": "default", "rope_theta": config.pop("rope_theta")}
    for name in ("architectures", "model_type", "dtype", "use_sliding_window"):
        config.pop(name)
    config = Qwen2Config(**config, rope_parameters=rope, dtype="bfloat16")
    with torch.device("meta"):
        model = Qwen2ForCausalLM(config)
    model.load_state_dict(load_file(pathlib.Path(folder, "model.safetensors")), strict=False, assign=True)
    model.tie_weights()
    # What is no weight and was not loaded: the rotary frequencies.
    model.model.rotary_emb = type(model.model.rotary_emb)(config=config)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return model.eval().to(device), device


@torch.no_grad()
def step(model, ids, masked, sees_all):
    """One step of Dream's sampler at temperature 0: the surest of the masked positions is committed."""
    logits = model(ids, attention_mask=sees_all, use_cache=False).logits
    logits = torch.cat([logits[:, :1], logits[:, :-1]], dim=1)
    confidence, tokens = logits[masked].float().softmax(-1).max(-1)
    place = int(confidence.argmax())
    position = masked.nonzero()[place]
    ids[position[0], position[1]] = tokens[place]
    return ids


def timed(model, device, positions, masks, steps):
    ids = (torch.arange(positions) * 131 % 250)[None].to(device)
    start = (positions - masks) * 3 // 5
    masked = torch.zeros_like(ids, dtype=torch.bool)
    masked[0, start:start + masks] = True
    ids[masked] = model.config.mask_token_id
    sees_all = torch.zeros(1, 1, positions, positions, dtype=torch.bfloat16, device=device)
    seconds = []
    for _ in range(steps):
        begun = time.perf_counter()
        step(model, ids.clone(), masked, sees_all)
        seconds.append(time.perf_counter() - begun)
    return seconds


def main(folder, positions, steps, threads):
    torch.set_num_threads(int(threads))
    model, device = load(folder)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(json.dumps(dict(device=str(device), parameters=parameters)), flush=True)
    for line in sys.stdin:
        print(json.dumps(dict(seconds=timed(model, device, int(positions), int(line), int(steps)))), flush=True)


main(*sys.argv[1:])
