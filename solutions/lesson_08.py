"""Lesson 08's Your turn: the worked answer, other right ones, and plausible wrong ones with words of their hints."""

# solution
my_suspects = [
    "code/inference.py",
    "code/messages.py",
    "code/model.py",
    "code/requirements.txt",
    "code/text.py",
]
# end solution

RIGHT = {
    "my_suspects": {
        "without the folder": ("inference.py", "messages.py", "model.py", "requirements.txt", "text.py"),
        "a set": {"code/text.py", "code/requirements.txt", "code/model.py", "code/messages.py", "code/inference.py"},
    }
}
WRONG = {
    "my_suspects": {
        ("code/inference.py",): "does not end in `.py`",
        ("code/inference.py", "code/messages.py", "code/model.py", "code/text.py"): "does not end in `.py`",
        ("code/inference.py", "code/requirements.txt"): "imports others",
        (*my_suspects, "model.safetensors"): "nothing in it can run",
        (*my_suspects, "shape.json"): "read and not run",
        (*my_suspects, "weights.pt"): "no `weights.pt`",
        "code/inference.py": "write a list",
    }
}
