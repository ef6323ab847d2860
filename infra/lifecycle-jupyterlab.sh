#!/bin/bash
# Lifecycle configuration for JupyterLab spaces of SageMaker Studio: brings the course and sets it up.
#
# A space runs it each time it starts. Five minutes are the most that AWS waits, so the work goes on in the background,
# with its log in ~/data-science-on-aws.log. A course that is there is brought up to date; a learner's own copies in
# its folder work/ stay as they are.
#
# Before it is given to AWS, the one variable in curly brackets is put in: by Fn::Sub in CloudFormation, or by sed, as
# infra/README.md shows.
# https://docs.aws.amazon.com/sagemaker/latest/dg/jl-lcc.html
set -eu

# shellcheck disable=SC2154 # put in, or of the environment
repository="${Repository}"
course="$HOME/data-science-on-aws"
export PATH="/opt/conda/bin:$PATH"

bring() {
    if [ -d "$course/.git" ]; then
        git -C "$course" pull --ff-only || echo "There are changes in $course: it stays as it is."
    elif [ -e "$course" ]; then
        echo "$course is there, and is no clone of the course. Rename it, and start the space again."
        exit 1
    else
        rm -rf "$course.part" # of a start that was interrupted
        git clone --depth 1 "$repository" "$course.part"
        mv "$course.part" "$course"
    fi
}

(
    trap '' HUP
    date
    bring
    cd "$course"
    exec python3 course.py setup
) >"$course.log" 2>&1 </dev/null &

echo "Setting up $course in the background; its log is $course.log"
