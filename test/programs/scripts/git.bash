# git, from init to bisect.
git init -q -b main work; cd work; git config core.fsync none
for i in $(seq 30); do seq $i 200 > file$i; done; git add .; git commit -qm first; git log --format='%H %s'
seq 50 > file1; git commit -qam second; git branch side HEAD~1; git checkout -q side; echo x > other; git add other; git commit -qm third
git merge -q -m merged main; git log --oneline --graph; git diff --stat HEAD~1; git status --short --branch
git rebase -q main; git stash list; git blame -s file1 | tail -1; git grep -n 199 | wc -l
git gc -q --prune=now; git fsck --full; git count-objects -v | grep -E 'count|packs'
cd ..; git clone -q work copy; cd copy; git log -1 --format=%H; git tag v1; git archive --format=tar v1 | tar -t | wc -l
git config alias.hi '!echo hi from a shell'; git hi; echo 'echo hooked' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
echo y > new; git add new; git commit -qm hook; git bisect start -q HEAD HEAD~2; git bisect run sh -c '! test -f new' > /dev/null; git bisect log | tail -1
